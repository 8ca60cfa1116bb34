import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { PROJECT_ROOT } from "../../support/gateway.ts";
import { packPlugin, type PackedPlugin } from "../../support/installed-plugin.ts";
import { makeTempDir } from "../../support/temp.ts";
import { anchorsOf, linksOf } from "./markdown-links.ts";

/** Everything that is in the package; HASH: of what is in the file, by the bundler. */
const CONTENTS = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "SECURITY.md",
  "assets/dashboard.png",
  "assets/icon.png",
  "assets/page-dark-360.png",
  "assets/page-light-1440.png",
  "config/busy.json5",
  "config/example.json5",
  "config/fleet.json5",
  "config/laptop.json5",
  "config/observe-first.json5",
  "config/schema.json",
  "config/team.json5",
  "dashboards/alerts.yaml",
  "dashboards/prometheus.yml",
  "dashboards/recording.yaml",
  "dashboards/resume-scheduler.json",
  "dist/THIRD-PARTY-LICENSES.txt",
  "dist/bin.js",
  "dist/cli-HASH.js",
  "dist/continuity-hooks-HASH.js",
  "dist/index.d.ts",
  "dist/index.js",
  "dist/light-HASH.js",
  "dist/loaded-HASH.js",
  "dist/operator-error-HASH.js",
  "dist/page/page.css",
  "dist/page/page.js",
  "dist/redis-fleet-HASH.js",
  "dist/settings-watch-HASH.js",
  "docs/continuity.md",
  "docs/conversations.md",
  "docs/fleet.md",
  "docs/gc.md",
  "docs/hosts.md",
  "docs/metrics.md",
  "docs/performance.md",
  "docs/verdicts.md",
  "openclaw.plugin.json",
  "package.json",
];

/** Bytes; a file that outgrows its bound is to be looked at, not waved through. */
const KB = 1_000;
const PACKED_AT_MOST = 700 * KB;
const UNPACKED_AT_MOST = 2_400 * KB;
const IMAGES_AT_MOST: Readonly<Record<string, number>> = {
  "assets/dashboard.png": 160 * KB,
  "assets/icon.png": 20 * KB,
  "assets/page-dark-360.png": 40 * KB,
  "assets/page-light-1440.png": 80 * KB,
};

let packed: PackedPlugin;
let root: string;
beforeAll(() => {
  packed = packPlugin();
  const dir = makeTempDir("unpacked");
  execFileSync("tar", ["-xzf", packed.file, "-C", dir]);
  root = path.join(dir, "package");
}, 60_000);

const read = (file: string) => fs.readFileSync(path.join(root, file), "utf8");
const names = () => packed.files.map((file) => file.path);

describe("the package", () => {
  it("holds what runs, what an operator imports, what is to be read, and nothing else", () => {
    const normalised = names().map((name) => name.replace(/^(dist\/[a-z-]+)-[\w-]{8}\.js$/, "$1-HASH.js"));
    expect(normalised.toSorted((one, other) => (one < other ? -1 : 1))).toEqual(CONTENTS);
  });

  it("is small", () => {
    expect(packed.size).toBeLessThan(PACKED_AT_MOST);
    expect(packed.unpackedSize).toBeLessThan(UNPACKED_AT_MOST);
    const images = packed.files.filter((file) => /\.(png|svg|jpe?g|gif|webp)$/.test(file.path));
    expect(images.map((file) => file.path)).toEqual(Object.keys(IMAGES_AT_MOST));
    for (const { path: name, size } of images) expect(size, name).toBeLessThan(IMAGES_AT_MOST[name]!);
  });

  it("names nothing of the machine that it was made on", () => {
    const own = [PROJECT_ROOT, os.homedir()].filter((name) => name.length > 5);
    const text = names().filter((name) => !name.endsWith(".png"));
    for (const name of own) expect(text.filter((file) => read(file).includes(name), name)).toEqual([]);
  });

  it("has every file and every heading that its pages link to", () => {
    const broken = names()
      .filter((name) => name.endsWith(".md"))
      .flatMap((page) =>
        linksOf(read(page)).filter((link) => {
          if (/^https?:/.test(link)) return false;
          const [file = "", anchor] = link.split("#");
          const target = file === "" ? page : path.posix.join(path.posix.dirname(page), file);
          const isThere = names().some((name) => name === target || name.startsWith(`${target.replace(/\/$/, "")}/`));
          return !isThere || (anchor !== undefined && !anchorsOf(read(target)).includes(anchor));
        }),
      );
    expect(broken).toEqual([]);
  });
});

describe("assets/icon.png", () => {
  it("is a square picture with an alpha channel, of the size that the host recommends", () => {
    const png = fs.readFileSync(path.join(root, "assets/icon.png"));
    expect(png.toString("latin1", 1, 4)).toBe("PNG");
    const [width, height, depth, kind] = [png.readUInt32BE(16), png.readUInt32BE(20), png[24], png[25]];
    expect({ width, height, depth, kind }).toEqual({ width: 512, height: 512, depth: 8, kind: 6 });
  });
});
