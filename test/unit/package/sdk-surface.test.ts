import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { PROJECT_ROOT } from "../../support/gateway.ts";
import { hostModulesIn, objectionTo, readSdkDocs } from "./sdk-docs.ts";

describe("modules of the host", () => {
  const docs = readSdkDocs();
  const files = (dir: string, ending: string) =>
    fs.readdirSync(path.join(PROJECT_ROOT, dir), { recursive: true, encoding: "utf8" }).flatMap((name) => {
      return name.endsWith(ending) ? fs.readFileSync(path.join(PROJECT_ROOT, dir, name), "utf8") : [];
    });

  it("are public ones with types, none that its documentation calls deprecated or its own", () => {
    const modules = new Set(files("src", ".ts").flatMap(hostModulesIn));
    expect(modules.size).toBeGreaterThan(5);
    const objections = [...modules].map((module) => ({ module, why: objectionTo(module, docs) }));
    expect(objections.filter(({ why }) => why !== undefined)).toEqual([]);
  });

  it.each([
    ['import { x } from "openclaw/plugin-sdk/plugin-runtime";', "documented as deprecated or private-local"],
    ['import type { X } from "openclaw/plugin-sdk/channel-lifecycle";', "documented as deprecated or private-local"],
    ['await import("openclaw/plugin-sdk/session-transcript-runtime");', "documented as deprecated or private-local"],
    ['export * from "openclaw/plugin-sdk/channel-message";', "documented as deprecated or private-local"],
    ['type T = typeof import("openclaw/plugin-sdk/testing");', "without types"],
    ['import { x } from "openclaw/dist/index.js";', "no subpath of the SDK"],
    ['import { x } from "openclaw/plugin-sdk/plugin-entry";', undefined],
  ])("are found and judged: %s", (source, why) => {
    expect(hostModulesIn(source).map((module) => objectionTo(module, docs))).toEqual([why]);
  });
});

describe("what the host's typings call deprecated", () => {
  // Inside the project, or its types would not be found; where the lint of the project does not look.
  const cache = path.join(PROJECT_ROOT, ".cache");
  fs.mkdirSync(cache, { recursive: true });
  const dir = fs.mkdtempSync(path.join(cache, "deprecated-"));
  afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

  /** What the project's own rule says of a source. */
  function lint(source: string): { code: number | null; said: string } {
    const { rules } = JSON.parse(fs.readFileSync(path.join(PROJECT_ROOT, ".oxlintrc.json"), "utf8")) as {
      rules: Record<string, unknown>;
    };
    const rule = { "typescript/no-deprecated": rules["typescript/no-deprecated"] };
    const config = { plugins: ["typescript"], options: { typeAware: true }, categories: {}, rules: rule };
    fs.writeFileSync(path.join(dir, "oxlintrc.json"), JSON.stringify(config));
    fs.writeFileSync(path.join(dir, "use.ts"), source);
    const args = ["-A", "correctness", "-c", path.join(dir, "oxlintrc.json"), path.join(dir, "use.ts")];
    const { status, stdout } = spawnSync(path.join(PROJECT_ROOT, "node_modules/.bin/oxlint"), args, {
      cwd: PROJECT_ROOT,
      encoding: "utf8",
    });
    return { code: status, said: stdout };
  }

  // That src/ has none of it is a part of the lint step: the same rule, for the whole project.
  it("fails the lint", () => {
    const { code, said } = lint(
      'import { tryResolveDefaultAgentId } from "openclaw/plugin-sdk/agent-scope-runtime";\n' +
        "export const id = tryResolveDefaultAgentId({});\n",
    );
    expect(said).toMatch(/no-deprecated\): `tryResolveDefaultAgentId` is deprecated/);
    expect(code).toBe(1);
  });

  it("and nothing else does", () => {
    const source = 'export { definePluginEntry } from "openclaw/plugin-sdk/plugin-entry";\n';
    expect(lint(source)).toMatchObject({ code: 0 });
  });
});
