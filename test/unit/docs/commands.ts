/** How each kind of command in the docs is tested. A checker throws when the command is not one. */
import { Command } from "commander";
import fs from "node:fs";
import path from "node:path";
import { readOptions as readBenchOptions } from "../../../scripts/bench/options.ts";
import { readOptions as readDemoOptions } from "../../../scripts/demo/options.ts";
import { readOptions as readMeasureOptions } from "../../../scripts/measure/options.ts";
import { readOptions as readPictureOptions } from "../../../scripts/picture/options.ts";
import { readOptions as readSimulateOptions } from "../../../scripts/simulate/options.ts";
import { readOptions as readHostsOptions } from "../../../scripts/test-hosts/options.ts";
import type { Backend } from "../../../src/cli/backend.ts";
import { registerResumesCli } from "../../../src/cli/commands.ts";
import { readOptions as readGcOptions } from "../../../src/gc/options.ts";
import { PROJECT_ROOT } from "../../support/gateway.ts";
import { INSTALL_COMMAND } from "../../support/installed-plugin.ts";
import { FakeTerminal } from "../cli/harness.ts";
import { wordsOf } from "./pages.ts";

export type CommandChecker = {
  /** What proves it. */
  by: string;
  claims: (command: string) => boolean;
  check: (command: string) => void;
  /** A command that it must refuse, and what it says of it. */
  refuses: string;
  why: string;
};

const { scripts, version } = JSON.parse(fs.readFileSync(path.join(PROJECT_ROOT, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
  version: string;
};

const SCRIPT_OPTIONS: Readonly<Record<string, (args: string[]) => unknown>> = {
  bench: readBenchOptions,
  demo: readDemoOptions,
  measure: readMeasureOptions,
  picture: readPictureOptions,
  simulate: readSimulateOptions,
  "test:hosts": readHostsOptions,
};

export const COMMAND_CHECKERS: readonly CommandChecker[] = [
  {
    by: "the plugin's own commander program",
    claims: (command) => command.startsWith("openclaw resumes"),
    check: (command) => parseResumes(wordsOf(command).slice(2)),
    refuses: "openclaw resumes plan --later",
    why: "--later",
  },
  {
    by: "the option reader of the package's own command",
    claims: (command) => command.startsWith("npx openclaw-resume-scheduler"),
    check: (command) => {
      const [, , name, ...args] = wordsOf(command);
      if (name !== "gc") throw new Error(`no such command: ${name}`);
      readGcOptions(args);
    },
    refuses: "npx openclaw-resume-scheduler gc --state-dir ~/.openclaw --days 3",
    why: "--days",
  },
  {
    by: "package.json, and the option reader of the script",
    claims: (command) => /^npm (run|test|pack)\b/.test(command),
    check: checkNpm,
    refuses: "npm run simulate -- --gateway 3",
    why: "--gateway",
  },
  {
    by: "test/gateway/installed.test.ts, which runs these words",
    claims: (command) => command.startsWith("openclaw plugins install "),
    check: (command) => {
      const file = `./openclaw-resume-scheduler-${version}.tgz`;
      const expected = ["openclaw", ...INSTALL_COMMAND, `npm-pack:${file}`].join(" ");
      if (command !== expected) throw new Error(`the test installs by \`${expected}\``);
    },
    refuses: "openclaw plugins install npm-pack:./openclaw-resume-scheduler-0.0.1.tgz",
    why: "the test installs by",
  },
  {
    by: "test/unit/docs/host-config.test.ts, which runs it",
    claims: (command) => command.startsWith("openclaw config set "),
    check: (command) => {
      if (!/^openclaw config set plugins\.entries\.resume-scheduler\.\S+ \S+$/.test(command)) {
        throw new Error("not a setting of this plugin");
      }
    },
    refuses: "openclaw config set plugins.entries.other.config.x 3",
    why: "not a setting of this plugin",
  },
  {
    by: "the host's own page on the command, which has each of its words",
    claims: (command) =>
      /^openclaw (doctor|gateway|sessions|plugins (?!install)|backup|uninstall|config (?!set))/.test(command),
    check: checkHostCommand,
    refuses: "openclaw sessions cleanup --fix-everything",
    why: "--fix-everything",
  },
];

/** Everything but the action. */
function parseResumes(args: string[]): void {
  const program = new Command()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  registerResumesCli(program, {} as Backend, new FakeTerminal());
  const [resumes] = program.commands;
  for (const command of resumes?.commands ?? []) command.exitOverride().action(() => undefined);
  program.parse(["resumes", ...args], { from: "user" });
}

function checkNpm(command: string): void {
  const [, what = "", ...rest] = wordsOf(command);
  const [name, ...words] = what === "run" ? rest : [what, ...rest];
  if (name === undefined || (name !== "pack" && scripts[name] === undefined))
    throw new Error(`no such script: ${name}`);
  if (words.length === 0) return;
  const [dashes, ...args] = words;
  if (dashes !== "--") throw new Error("options of a script come after --");
  const read = SCRIPT_OPTIONS[name];
  if (read === undefined) throw new Error(`nothing here reads the options of ${name}`);
  read(args);
}

function checkHostCommand(command: string): void {
  const [, name = "", ...words] = wordsOf(command);
  const docs = path.join(PROJECT_ROOT, "node_modules/openclaw/docs/cli");
  const pages = [path.join(docs, `${name}.md`)];
  const below = path.join(docs, name);
  if (fs.existsSync(below)) pages.push(...fs.readdirSync(below).map((file) => path.join(below, file)));
  const text = pages.map((page) => fs.readFileSync(page, "utf8")).join("\n");
  if (!text.includes(`openclaw ${name}`)) throw new Error(`no such command of the host: ${name}`);
  for (const word of words) {
    if (/^[\w-]+$/.test(word) && word !== "resume-scheduler" && !text.includes(word)) {
      throw new Error(`the host's page on ${name} does not know "${word}"`);
    }
  }
}
