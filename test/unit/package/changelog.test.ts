import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { PROJECT_ROOT } from "../../support/gateway.ts";
import { faultsOf } from "./changelog.ts";

const read = (name: string) => readFileSync(path.join(PROJECT_ROOT, name), "utf8");
const { version } = JSON.parse(read("package.json")) as { version: string };

it("CHANGELOG.md keeps a changelog, and has the version of package.json", () => {
  expect(faultsOf(read("CHANGELOG.md"), version)).toEqual([]);
});

const HEAD = "# Changelog\n\n[Keep a Changelog](https://keepachangelog.com/en/1.1.0/)\n\n";
const change = "### Added\n\n- x\n\n";
const newest = `## [Unreleased]\n\n## [1.1.0] - 2026-02-01\n\n${change}`;

it.each([
  ["right", `${HEAD}${newest}## [1.0.0] - 2026-01-01\n\n### Fixed\n\n- y\n`, []],
  ["without a title", newest, ["no title", "its form is not named"]],
  [
    "without what is unreleased",
    `${HEAD}## [1.1.0] - 2026-02-01\n\n${change}`,
    ["[Unreleased] is not first", "1.1.0 of package.json is not in it"],
  ],
  ["of another version", `${HEAD}## [Unreleased]\n\n`, ["1.1.0 of package.json is not in it"]],
  [
    "with a diary's heading",
    `${HEAD}${newest}## 1.0.0 (soon)\n\n${change}`,
    ["not a release and its date: 1.0.0 (soon)"],
  ],
  [
    "with a day that is none",
    `${HEAD}${newest}## [1.0.0] - 2025-13-01\n\n${change}`,
    ["no such day: [1.0.0] - 2025-13-01"],
  ],
  ["in no order", `${HEAD}${newest}## [1.2.0] - 2026-01-01\n\n${change}`, ["1.1.0 comes before 1.2.0"]],
  ["back in time", `${HEAD}${newest}## [1.0.0] - 2026-03-01\n\n${change}`, ["1.1.0 is older than 1.0.0"]],
  ["with a kind of its own", `${HEAD}${newest}### News\n\n- z\n`, ["[1.1.0] - 2026-02-01: no kind of change: News"]],
  ["with a kind twice", `${HEAD}${newest}${change}`, ["[1.1.0] - 2026-02-01: twice: Added"]],
  ["with an empty kind", `${HEAD}${newest}### Fixed\n\n`, ["[1.1.0] - 2026-02-01: nothing in Fixed"]],
])("a changelog %s is seen as such", (_, text, faults) => {
  expect(faultsOf(text, "1.1.0")).toEqual(faults);
});
