/** A script that starts gateways ends here: by itself or by a signal, nothing stays running. */
import { constants } from "node:os";
import { killAllGateways } from "../../test/support/gateway.ts";
import type { Progress } from "./progress.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs `main` and ends this process with the exit code it resolves to: 1 when it throws, 128 + n on signal n. The
 * temporary folders go with the process.
 */
export async function untilStopped(progress: Progress, main: () => Promise<number>): Promise<never> {
  let stopped = false;
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      // A second Ctrl-C does not hurry it: the kill is immediate, only the folders are still to be removed.
      if (stopped) return;
      stopped = true;
      progress.clear();
      process.stderr.write("Stopping: ending the gateways and removing the temporary folder.\n");
      void killAllGateways().finally(() => process.exit(128 + constants.signals[signal]));
    });
  }
  let code: number;
  try {
    code = await main();
  } catch (error) {
    code = 1;
    // What fails because the gateways were just killed is not worth a word.
    if (!stopped) report(error, progress);
  }
  // The signal's own end is under way.
  if (stopped) await new Promise<never>(() => undefined);
  progress.clear();
  await killAllGateways();
  return process.exit(code);
}

function report(error: unknown, progress: Progress): void {
  progress.clear();
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}
