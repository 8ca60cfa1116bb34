import type { OpenClawPluginApi } from "openclaw/plugin-sdk/plugin-entry";
import type {
  ActionView,
  DoctorView,
  GcView,
  PauseView,
  PlanView,
  RowSurvey,
  ShowView,
  StatusView,
} from "../operate/views.ts";
import type { Backend } from "./backend.ts";
import { readSettings } from "./config-file.ts";
import { EXIT, EXIT_HELP, failureOf } from "./failure.ts";
import { Invocation, isUnaddressed, type Options, positive, usage } from "./invocation.ts";
import { cleanupArgs, type GcAnswer, gcTable } from "./gc.ts";
import { planTable } from "./plan.ts";
import { doneLines, findingLines, pauseLine, refusedLines } from "./replies.ts";
import { showPage } from "./show.ts";
import { statusScreen } from "./status.ts";
import { processTerminal, type Terminal } from "./terminal.ts";
import { cleaned, parsed } from "./text.ts";
import { watchStatus } from "./watch.ts";

type Program = Parameters<Parameters<OpenClawPluginApi["registerCli"]>[0]>[0]["program"];

interface CommandSpec {
  readonly usage: string;
  readonly about: string;
  readonly options?: readonly (readonly [flags: string, about: string, byDefault?: string])[];
  readonly examples: readonly string[];
  readonly run: (invocation: Invocation) => Promise<void>;
}

const COMMANDS: readonly CommandSpec[] = [
  {
    usage: "status",
    about: "Show the lane, the budget, what is queued, running and held, and this boot's totals",
    options: [
      ["--watch", "refresh until Ctrl-C, with a progress bar"],
      ["--interval <seconds>", "how often --watch refreshes", "2"],
    ],
    examples: ["status", "status --watch --interval 5"],
    run: status,
  },
  {
    usage: "plan",
    about: "Show this boot's verdict on every interrupted session, and why",
    options: [
      ["--now", "what would happen if the gateway restarted this minute"],
      ["--config <file>", "the same with the settings in a JSON5 file; implies --now"],
    ],
    examples: ["plan", "plan --now", "plan --config other-settings.json5"],
    run: plan,
  },
  {
    usage: "show <key>",
    about: "Show one session, by its key or its sessionRef in the log: its facts, the rule that decided, its history",
    examples: ["show agent:main:telegram:direct:12345", "show 9f2c61d0a4be"],
    run: show,
  },
  {
    usage: "resume [key]",
    about: "Run a held session next, below the users and with fresh attempts",
    options: [["--all-held", "every held session"]],
    examples: ["resume agent:main:telegram:direct:12345", "resume --all-held"],
    run: (invocation) => act(invocation, "resume", ["--all-held", "allHeld"]),
  },
  {
    usage: "hold <key>",
    about: "Keep a session from being resumed; its user's next message continues it",
    examples: ["hold agent:main:telegram:direct:12345"],
    run: (invocation) => act(invocation, "hold"),
  },
  {
    usage: "discard <key>",
    about: "Settle a session for good; its transcript stays",
    examples: ["discard agent:main:telegram:direct:12345"],
    run: (invocation) => act(invocation, "discard"),
  },
  {
    usage: "release [key]",
    about: "Give a session back to the host's own recovery",
    options: [["--all", "every claimed session"]],
    examples: ["release agent:main:telegram:direct:12345", "release --all"],
    run: (invocation) => act(invocation, "release", ["--all", "all"]),
  },
  {
    usage: "pause",
    about: "Start no more resumes until `unpause`; running ones finish",
    examples: ["pause"],
    run: (invocation) => pause(invocation, "pause"),
  },
  {
    usage: "unpause",
    about: "Start resumes again",
    examples: ["unpause"],
    run: (invocation) => pause(invocation, "unpause"),
  },
  {
    usage: "gc",
    about: "Show which held sessions were held for too long, and retire them: rows and transcripts stay",
    options: [
      ["--dry-run", "change nothing (the default)"],
      ["--apply", "retire them, also where `gc.enabled` is false"],
      ["--active-key <key>", "keep this session"],
      ["--cleanup", "run the host's own cleanup of rows, too: its dry run, or with --apply what it says"],
    ],
    examples: ["gc", "gc --apply --active-key agent:main:telegram:direct:12345", "gc --cleanup"],
    run: gc,
  },
  {
    usage: "doctor",
    about: "Check the installation; each finding comes with its fix",
    examples: ["doctor", "doctor --json"],
    run: doctor,
  },
];

/** Adds `openclaw resumes` with its commands. */
export function registerResumesCli(program: Program, backend: Backend, terminal: Terminal = processTerminal): void {
  const resumes = program
    .command("resumes")
    .description("See and change what becomes of the turns that a gateway restart interrupted")
    .addHelpText("after", `\n${EXIT_HELP}`)
    .exitOverride((error) => {
      // Commander's own code for wrong usage is 1; the host exits with what is set here.
      if (error.exitCode !== 0) error.exitCode = EXIT.usage;
      terminal.exitWith(error.exitCode);
      throw error;
    });
  for (const { usage: line, about, options = [], examples, run } of COMMANDS) {
    const command = resumes.command(line).description(about);
    for (const [flags, text, byDefault] of options) command.option(flags, text, byDefault);
    command
      .option("--json", "print the answer as JSON")
      .option("--url <url>", "WebSocket URL of the gateway; needs --token or --password")
      .option("--port <port>", "port of the gateway on this machine")
      .option("--token <token>", "token of the gateway")
      .option("--password <password>", "password of the gateway")
      .option("--timeout <ms>", "how long to wait for its answer", "30000")
      .addHelpText("after", `\n${["Examples:", ...examples.map((one) => `  openclaw resumes ${one}`)].join("\n")}`)
      .action(() => new Invocation(command.args[0], command.opts<Options>(), backend, terminal).run(run));
  }
}

async function status(invocation: Invocation): Promise<void> {
  const { options, json, terminal } = invocation;
  const intervalMs = positive("--interval", options.interval ?? "", 86_400) * 1000;
  const ask = (signal?: AbortSignal) => invocation.ask<StatusView>("status", {}, signal);
  if (options.watch === true) return watchStatus({ ask, json, intervalMs, terminal });
  invocation.answer(await ask(), statusScreen);
}

async function plan(invocation: Invocation): Promise<void> {
  const { options, backend } = invocation;
  const tried = options.config === undefined ? {} : { config: readSettings(options.config) };
  const now = options.now === true || options.config !== undefined;
  const view = await invocation.askOrRead<PlanView>("plan", { now, ...tried }, () =>
    backend.offline.plan({ now, ...tried }),
  );
  invocation.answer(view, planTable);
}

async function show(invocation: Invocation): Promise<void> {
  const { key = "", backend } = invocation;
  const view = await invocation.askOrRead<ShowView>("show", { key }, () => backend.offline.show(key));
  invocation.answer(view, showPage);
}

/** Acts on the session with the given key or, where there is such an option, on all of them. */
async function act(
  invocation: Invocation,
  action: ActionView["action"],
  [flag, all]: readonly [flag: string, all: "all" | "allHeld"] | [] = [],
): Promise<void> {
  const { key, options, json, terminal } = invocation;
  const everyone = all !== undefined && options[all] === true;
  if (everyone === (key !== undefined)) throw usage(`${action}: give either a session key or ${flag}`);
  const view = await invocation.ask<ActionView>(action, everyone ? { [all]: true } : { key });
  invocation.answer(view, doneLines);
  if (!json) for (const line of refusedLines(cleaned(view))) terminal.err(`${line}\n`);
  if (view.done.length === 0 && view.refused.length > 0) terminal.exitWith(EXIT.refused);
}

async function pause(invocation: Invocation, method: "pause" | "unpause"): Promise<void> {
  invocation.answer(await invocation.ask<PauseView>(method), (view) => [pauseLine(view)]);
}

async function gc(invocation: Invocation): Promise<void> {
  const { options, backend, json, terminal } = invocation;
  const { activeKey, apply = false, cleanup = false } = options;
  if (apply && options.dryRun === true) throw usage("gc: give either --dry-run or --apply");
  const isOwn = isUnaddressed(options) && options.port === undefined;
  if (cleanup && !isOwn) throw usage("gc: --cleanup works on this machine's own gateway only");
  const asked = activeKey === undefined ? {} : { activeKey };
  // Looked at here: the gateway would be held up for as long as the host lists its rows.
  const rows = isOwn ? surveyed(() => backend.offline.rows(asked), cleanup) : null;
  const view = apply
    ? await invocation.ask<GcView>("gc", { apply, ...asked })
    : await invocation.askOrRead<GcView>("gc", { apply, ...asked }, () => backend.offline.gc(asked));
  const args = rows === null ? undefined : cleanupArgs(rows, { apply, activeKey });
  const answer: GcAnswer = {
    ...view,
    rows,
    cleanup: args === undefined ? null : { args, exitCode: null, output: null },
  };
  if (!cleanup || args === undefined) return invocation.answer(answer, gcTable);
  // The host's command prints for itself, below our answer, or becomes a part of it. Its failure is ours.
  if (!json) invocation.answer(answer, gcTable);
  const { exitCode, output } = await backend.openclaw(json ? [...args, "--json"] : args, { captured: json });
  if (json) invocation.answer({ ...answer, cleanup: { args, exitCode, output: parsed(output) } }, gcTable);
  if (exitCode !== 0) terminal.exitWith(EXIT.failed);
}

/** Rows that cannot be looked at from here are nothing to tell of, unless they are to be cleaned up. */
function surveyed(look: () => RowSurvey, isNeeded: boolean): RowSurvey | null {
  try {
    return look();
  } catch (error) {
    if (isNeeded || failureOf(error).exitCode === EXIT.refused) throw error;
    return null;
  }
}

async function doctor(invocation: Invocation): Promise<void> {
  const view = await invocation.askOrRead<DoctorView>("doctor", {}, () => invocation.backend.offline.doctor());
  invocation.answer(view, findingLines);
  if (view.findings.some(({ level }) => level === "fail")) invocation.terminal.exitWith(EXIT.unhealthy);
}
