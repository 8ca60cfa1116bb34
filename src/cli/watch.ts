import type { StatusView } from "../operate/views.ts";
import { EXIT, type Failure, failureOf } from "./failure.ts";
import { progressBar, statusScreen } from "./status.ts";
import type { Terminal } from "./terminal.ts";
import { clean, cleaned, toJson } from "./text.ts";

export interface WatchOptions {
  readonly ask: (signal: AbortSignal) => Promise<StatusView>;
  readonly json: boolean;
  readonly intervalMs: number;
  readonly terminal: Terminal;
}

/** Shows the status again and again until Ctrl-C; a gateway that is restarting is waited for. */
export async function watchStatus({ ask, json, intervalMs, terminal }: WatchOptions): Promise<void> {
  const signal = terminal.interruption();
  let screen: readonly string[] = [];
  while (!signal.aborted) {
    const answer = await ask(signal).catch(failureOf);
    if (signal.aborted) return;
    if (answer instanceof Error) {
      if (!passes(answer)) throw answer;
      const note = terminal.paint("yellow", clean(`${answer.message}, retrying`));
      const kept = terminal.interactive ? screen.slice(0, -1) : [];
      terminal.out(json ? `${toJson(failureView(answer))}\n` : frame([...kept, note], terminal));
    } else {
      screen = json ? [] : screenOf(answer, terminal);
      terminal.out(json ? `${toJson(answer)}\n` : frame(screen, terminal));
    }
    await terminal.sleep(intervalMs, signal);
  }
}

/** A failure as the commands print it with `--json`. */
export const failureView = (failure: Failure) => ({
  ok: false,
  error: { type: failure.type, message: failure.line },
});

/** A restart brings it: the gateway is down, or up without the plugin yet. */
const passes = ({ exitCode, type }: Failure): boolean => exitCode === EXIT.unreachable || type === "plugin-not-running";

/** The last line is the progress; a note takes its place. */
function screenOf(raw: StatusView, terminal: Terminal): string[] {
  const view = cleaned(raw);
  return [...statusScreen(view, terminal), "", progressBar(view, terminal)];
}

/**
 * On a terminal, over what was there; elsewhere as one more block.
 *
 * A screen that is too high loses its middle part, the tables; lines that are too long are cut by the terminal (mode 7).
 */
function frame(lines: readonly string[], { interactive, rows }: Terminal): string {
  if (!interactive) return `${lines.join("\n")}\n\n`;
  const fitting = lines.length < rows ? lines : [...lines.slice(0, Math.max(0, rows - 3)), "...", ...lines.slice(-1)];
  const drawn = fitting.map((line) => `${line}\u{1b}[K\n`).join("");
  return `\u{1b}[?7l\u{1b}[H${drawn}\u{1b}[J\u{1b}[?7h`;
}
