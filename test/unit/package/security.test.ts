import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { SettingsSchema } from "../../../src/settings/schema.ts";
import { PROJECT_ROOT } from "../../support/gateway.ts";
import { bundledSource } from "./bundled-source.ts";

const src = readdirSync(path.join(PROJECT_ROOT, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => ({ name, text: readFileSync(path.join(PROJECT_ROOT, "src", name), "utf8") }));
const page = readFileSync(path.join(PROJECT_ROOT, "SECURITY.md"), "utf8");

/** Files of src/ in which the code says this. */
const filesWith = (pattern: RegExp): string[] =>
  src
    .filter(({ text }) => pattern.test(text))
    .map(({ name }) => name)
    .toSorted((one, other) => (one < other ? -1 : 1));

describe("what SECURITY.md says that it never does", () => {
  it("connects to nothing but Redis", () => {
    expect(filesWith(/\bfetch\(|from "node:(https?|http2|tls|dgram|dns)[/"]|new WebSocket|XMLHttpRequest/)).toEqual([
      // Types of the host's own server.
      "host/metrics-route.ts",
      "host/page-route.ts",
      "host/page-stream.ts",
      // Of the gateway that it came from.
      "page/browser.ts",
    ]);
    for (const name of ["metrics-route", "page-route", "page-stream"]) {
      const route = src.find((file) => file.name === `host/${name}.ts`)?.text;
      expect(route?.match(/^.*"node:http".*$/m)?.[0], name).toMatch(/^import type /);
    }
    expect(filesWith(/from "(ioredis|node:net)"/).filter((name) => !name.startsWith("fleet/"))).toEqual([]);
  });

  it("runs no program but the host's own command line", () => {
    expect(filesWith(/child_process|worker_threads|node:(vm|cluster)/)).toEqual(["cli/openclaw.ts"]);
  });

  it("has no code that makes code, nor has anything that is bundled with it", async () => {
    const makesCode = /(?<![.\w#])eval\(|new Function\(|(?<![.\w])Function\(|node:vm/;
    expect(makesCode.test('eval("1")') && makesCode.test("new Function('x')")).toBe(true);
    const chunks = await bundledSource();
    expect(chunks.size).toBeGreaterThan(3);
    expect([...chunks].filter(([, code]) => makesCode.test(code)).map(([name]) => name)).toEqual([]);
  });

  it("writes no files but its record, and what gc is given", () => {
    const writes =
      /\b(writeFile|appendFile|createWriteStream|truncate|rename|unlink|rm|rmdir|copyFile|link|symlink|mkdir|chmod|chown)(Sync)?\(/;
    expect(filesWith(writes).filter((name) => !name.startsWith("gc/"))).toEqual(["record/database.ts"]);
    expect(filesWith(/\bopenSync\(\w+, "(?!r")/).filter((name) => !name.startsWith("gc/"))).toEqual([]);
  });

  it("writes no configuration: of what the host has for that it takes what reads", () => {
    const named = src.flatMap(({ text }) =>
      [...text.matchAll(/\{ ([^}]*) \} = await import\("openclaw\/plugin-sdk\/config-mutation"\)/g)].map(
        ([, names]) => names,
      ),
    );
    expect(named).toEqual(["readConfigFileSnapshotForWrite"]);
    expect(filesWith(/mutateConfigFile|replaceConfigFile|writeConfigFile/)).toEqual([]);
  });

  it("changes session entries in one place, and no other data of the host", () => {
    expect(filesWith(/\.(patchSessionEntry|upsertSessionEntry|deleteSessionEntry|updateSessionStore\w*)\(/)).toEqual([
      "host/session-store.ts",
    ]);
    expect(filesWith(/\b(upsertSessionEntry|deleteSessionEntry|appendTranscript\w*|writeTranscript\w*)\(/)).toEqual([]);
  });
});

describe("what SECURITY.md says that it reads", () => {
  it("names every environment variable", () => {
    const named = src.flatMap(({ text }) =>
      [...text.matchAll(/"(OPENCLAW_[A-Z_]+)"/g)].flatMap(([, name]) => name ?? []),
    );
    expect([...new Set(named)].filter((name) => !page.includes(name))).toEqual([]);
  });

  it("resolves references to secrets for one setting only", () => {
    const secrets = Object.entries(SettingsSchema.properties).filter(([, node]) =>
      JSON.stringify(node).includes("secretRef"),
    );
    expect(secrets.map(([name]) => name)).toEqual(["fleet"]);
    expect(filesWith(/secret-input-runtime/)).toEqual(["fleet/redis-url.ts"]);
  });
});
