/** The host's own command line, in a process of its own, on the state folder of a gateway (which may be down). */
import { hostEnv, OPENCLAW_MJS } from "./gateway.ts";
import { runToEnd, type RunResult } from "./processes.ts";

export type CommandResult = RunResult & {
  /** The parsed stdout of a `--json` command. */
  json: () => unknown;
};

/** Runs `openclaw <args>` to its end. Starting the host's command line takes seconds. */
export async function openclaw(stateDir: string, args: readonly string[], timeoutMs = 90_000): Promise<CommandResult> {
  const env = hostEnv(stateDir);
  const result = await runToEnd(process.execPath, [OPENCLAW_MJS, ...args], { cwd: stateDir, env, timeoutMs });
  return { ...result, json: () => JSON.parse(result.stdout) as unknown };
}
