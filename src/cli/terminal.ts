import { setTimeout as delay } from "node:timers/promises";
import { isatty } from "node:tty";
import { styleText } from "node:util";

export type Format = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** How wide and how colourful the output may be. */
export interface Look {
  readonly columns: number;
  paint(format: Format, text: string): string;
}

/** What the commands need of their process. */
export interface Terminal extends Look {
  readonly rows: number;
  /** Standard output is a terminal, not a file or a pipe. */
  readonly interactive: boolean;
  out(text: string): void;
  err(text: string): void;
  /** Ends after `ms`, or when `signal` aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Aborts at Ctrl-C, which from then on no longer ends the process by itself. */
  interruption(): AbortSignal;
  /** With which code the process is to exit when it has nothing left to do. */
  exitWith(code: number): void;
}

const COLUMNS_OF_A_FILE = 100;

export const processTerminal: Terminal = {
  // Undefined in a file or a pipe, 0 in some pseudo terminals.
  get columns() {
    return process.stdout.columns || COLUMNS_OF_A_FILE;
  },
  get rows() {
    return process.stdout.rows || Infinity;
  },
  get interactive() {
    return isatty(process.stdout.fd);
  },
  // Looks at NO_COLOR and FORCE_COLOR, and whether it is a terminal.
  paint: (format, text) => styleText(format, text, { stream: process.stdout, validateStream: true }),
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
  interruption: () => {
    const controller = new AbortController();
    // Not `once`: the host's launcher passes on a Ctrl-C that the terminal has sent to this process as well.
    process.on("SIGINT", () => controller.abort());
    return controller.signal;
  },
  exitWith: (code) => {
    process.exitCode = code;
  },
};
