import { Command } from "commander";
import type { Backend } from "../../../src/cli/backend.ts";
import { registerResumesCli } from "../../../src/cli/commands.ts";
import type { Format, Terminal } from "../../../src/cli/terminal.ts";

/** A terminal that keeps what is written, and whose time passes only in `onSleep`. */
export class FakeTerminal implements Terminal {
  columns = 100;
  rows = Infinity;
  interactive = false;
  stdout = "";
  stderr = "";
  exitCode = 0;
  /** Marks what is coloured, as `<red>text</red>`. */
  colours = false;
  readonly sleeps: number[] = [];
  readonly #interruption = new AbortController();

  paint(format: Format, text: string): string {
    return this.colours ? `<${format}>${text}</${format}>` : text;
  }
  out(text: string): void {
    this.stdout += text;
  }
  err(text: string): void {
    this.stderr += text;
  }
  async sleep(ms: number): Promise<void> {
    this.sleeps.push(ms);
  }
  interruption(): AbortSignal {
    return this.#interruption.signal;
  }
  interrupt(): void {
    this.#interruption.abort();
  }
  exitWith(code: number): void {
    this.exitCode = code;
  }
}

export type Call = Parameters<Backend["call"]>;
/** What the gateway does with a call: answers it, or throws. */
export type Answer = (...call: Call) => unknown;

const unexpected = (): never => {
  throw new Error("nobody should have asked this");
};

export interface RunOptions {
  readonly answer?: Answer;
  readonly offline?: Partial<Backend["offline"]>;
  readonly terminal?: FakeTerminal;
  /** What another command of the host's exits with and prints. */
  readonly host?: () => { readonly exitCode: number; readonly output: string };
}

/** Runs `openclaw resumes <argv>` through the real commander. */
export async function run(argv: readonly string[], options: RunOptions = {}) {
  const { answer = unexpected, offline = {}, terminal = new FakeTerminal(), host = unexpected } = options;
  const calls: Call[] = [];
  const commands: (readonly string[])[] = [];
  const backend: Backend = {
    call: async (...call) => {
      calls.push(call);
      return answer(...call);
    },
    offline: { plan: unexpected, show: unexpected, doctor: unexpected, gc: unexpected, rows: unexpected, ...offline },
    openclaw: async (args, { captured }) => {
      commands.push(args);
      const { exitCode, output } = host();
      if (!captured) terminal.out(output);
      return { exitCode, output: captured ? output : "" };
    },
  };
  const program = new Command("openclaw").exitOverride().configureOutput({
    writeOut: (text) => terminal.out(text),
    writeErr: (text) => terminal.err(text),
  });
  registerResumesCli(program, backend, terminal);
  await program.parseAsync(["resumes", ...argv], { from: "user" }).catch((error: Error) => {
    if (error.name !== "CommanderError") throw error;
  });
  const { stdout, stderr, exitCode } = terminal;
  return { stdout, stderr, exitCode, calls, commands, json: () => JSON.parse(stdout) as unknown };
}
