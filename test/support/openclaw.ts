/** The host's own command line, in a process of its own, on the state folder of a gateway (which may be down). */
import { spawn } from "node:child_process";
import { hostEnv, OPENCLAW_MJS } from "./gateway.ts";
import { within } from "./wait.ts";

export type CommandResult = {
  code: number | null;
  stdout: string;
  stderr: string;
  /** The parsed stdout of a `--json` command. */
  json: () => unknown;
};

/** Runs `openclaw <args>` to its end. Starting the host's command line takes seconds. */
export async function openclaw(stateDir: string, args: readonly string[], timeoutMs = 90_000): Promise<CommandResult> {
  const child = spawn(process.execPath, [OPENCLAW_MJS, ...args], {
    cwd: stateDir,
    env: hostEnv(stateDir),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("close", resolve);
    child.once("error", reject);
  });
  try {
    const code = await within(ended, timeoutMs, `the end of openclaw ${args.join(" ")}`);
    return { code, stdout, stderr, json: () => JSON.parse(stdout) as unknown };
  } finally {
    child.kill("SIGKILL");
  }
}
