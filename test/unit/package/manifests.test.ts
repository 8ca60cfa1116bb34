import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { PROJECT_ROOT } from "../../support/gateway.ts";

const HOST = "node_modules/openclaw";
const text = (...names: string[]) => fs.readFileSync(path.join(PROJECT_ROOT, ...names), "utf8");
const json = (...names: string[]) => JSON.parse(text(...names)) as Record<string, unknown>;

const packageJson = json("package.json");
const manifest = json("openclaw.plugin.json");
const host = json(HOST, "package.json");

describe("package.json", () => {
  it("says what an operator needs to know of a package", () => {
    expect(packageJson).toMatchObject({
      name: "openclaw-resume-scheduler",
      description: expect.stringMatching(/^.{40,200}$/),
      license: "MIT",
      author: expect.stringMatching(/\S/),
      type: "module",
      keywords: expect.arrayContaining(["openclaw", "openclaw-plugin"]),
    });
    expect(text("LICENSE")).toContain(String(packageJson["author"]));
  });

  it("brings no dependencies and runs nothing when it is installed", () => {
    const { dependencies, optionalDependencies, scripts } = packageJson as Record<string, Record<string, string>>;
    expect([dependencies, optionalDependencies]).toEqual([undefined, undefined]);
    const atInstall = ["preinstall", "install", "postinstall", "prepare"];
    expect(Object.keys(scripts ?? {}).filter((name) => atInstall.includes(name))).toEqual([]);
  });

  it("has a type for what it exports", () => {
    // attw, a step of the static checks, has nothing to say of a package without types.
    const { exports } = packageJson as { exports: Record<string, unknown> };
    expect(exports["."]).toEqual({ types: "./dist/index.d.ts", default: "./dist/index.js" });
  });

  it("names the same oldest host everywhere, and the one that it was built with", () => {
    const oldest = "2026.6.5";
    const { version } = host as { version: string };
    expect(packageJson).toMatchObject({
      devDependencies: { openclaw: version },
      peerDependencies: { openclaw: `>=${oldest}` },
      peerDependenciesMeta: { openclaw: { optional: true } },
      openclaw: {
        compat: { pluginApi: `>=${oldest}`, minGatewayVersion: oldest },
        build: { openclawVersion: version, pluginSdkVersion: version },
        install: { minHostVersion: `>=${oldest}` },
      },
    });
    expect(text("README.md")).toContain(oldest);
  });

  it("has the fields that the host's documentation asks of a published plugin, and no unknown ones", () => {
    const page = text(HOST, "docs/plugins/manifest/package-json.md") + text(HOST, "docs/plugins/sdk-setup.md");
    const { openclaw } = packageJson as { openclaw: Record<string, Record<string, unknown>> };
    expect(Object.keys(openclaw).toSorted(byText)).toEqual([
      "build",
      "compat",
      "extensions",
      "install",
      "runtimeExtensions",
    ]);
    for (const name of Object.keys(openclaw)) expect(page, name).toContain(name);
    for (const name of ["pluginApi", "minGatewayVersion", "openclawVersion", "pluginSdkVersion", "minHostVersion"])
      expect(page, name).toContain(name);
  });
});

describe("openclaw.plugin.json", () => {
  const page = text(HOST, "docs/plugins/manifest.md");

  it("has only fields that the host documents", () => {
    const documented = [...page.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name);
    expect(documented.length).toBeGreaterThan(30);
    expect(Object.keys(manifest).filter((name) => !documented.includes(name))).toEqual([]);
  });

  it("is named and versioned as the package, and in one of the host's categories", () => {
    const { version } = packageJson;
    expect(manifest).toMatchObject({ id: "resume-scheduler", name: "Resume Scheduler", version });
    const [, active = ""] = page.split("The active categories below");
    const categories = [...active.matchAll(/^\| `([\w-]+)` +\|/gm)].map(([, name]) => name);
    expect(categories).toContain("infrastructure");
    expect(manifest["categories"]).toEqual(["infrastructure"]);
  });

  it("asks for one thing only: to have the scope of a scrape and of the page checked by the host", () => {
    expect(manifest["contracts"]).toEqual({ gatewayMethodDispatch: ["authenticated-request"] });
    const calls = sources().flatMap((source) => [...source.matchAll(/dispatchGatewayMethod\((.*?),/g)]);
    expect(calls.map(([, method]) => method)).toEqual(["METHOD", '"resumes.page"']);
  });

  it("has its record backed up", () => {
    expect(manifest["backupResources"]).toEqual([
      { disposition: "include", scope: "state", relativePath: "resume-scheduler" },
    ]);
  });

  it("has a label and a help text for every setting, and keeps the one secret out of sight", () => {
    const { uiHints } = manifest as { uiHints: Record<string, Record<string, unknown>> };
    for (const [name, hint] of Object.entries(uiHints)) {
      const texts = { label: expect.stringMatching(/\S/), help: expect.stringMatching(/\.$/) };
      expect(hint, name).toMatchObject(texts);
    }
    expect(Object.keys(uiHints).filter((name) => uiHints[name]?.["sensitive"] === true)).toEqual(["fleet.redisUrl"]);
  });
});

const byText = (one: string, other: string) => (one < other ? -1 : 1);

function sources(): string[] {
  const dir = path.join(PROJECT_ROOT, "src");
  const files = fs.readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  return files.map((name) => fs.readFileSync(path.join(dir, name), "utf8"));
}
