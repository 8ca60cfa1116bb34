#!/usr/bin/env node
import { EXIT } from "./cli/failure.ts";
import { processTerminal } from "./cli/terminal.ts";
import { clean } from "./cli/text.ts";
import { runGc } from "./gc/command.ts";

/** The commands that need neither a gateway nor a host: `npx openclaw-resume-scheduler`. */
const HELP = `Usage: openclaw-resume-scheduler <command>

Commands:
  gc    retire stale rows of sessions.json stores while no gateway is running

\`openclaw-resume-scheduler gc --help\` says more. The commands for a running gateway are \`openclaw resumes --help\`.
`;

const [command, ...args] = process.argv.slice(2);
if (command === "gc") await runGc(args, processTerminal, Date.now());
else if (command === "--help" || command === "-h" || command === "help") processTerminal.out(HELP);
else {
  const what = command === undefined ? "a command is missing" : `there is no command ${clean(command)}`;
  processTerminal.err(`error: ${what}: see --help\n`);
  processTerminal.exitWith(EXIT.usage);
}
