/** Processes: to their end, whether still there, and that none outlives the one that started it. */
import { spawn } from "node:child_process";
import fs from "node:fs";
import { within } from "./wait.ts";

export type RunResult = { code: number | null; stdout: string; stderr: string };

/** False for a zombie too: in a container nobody may ever collect it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  try {
    // "pid (name) S ...": the name may hold anything, so look behind its last bracket.
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.charAt(stat.lastIndexOf(")") + 2) !== "Z";
  } catch {
    // No /proc on this system, or the process has just ended: the next look will tell.
    return !fs.existsSync("/proc/self");
  }
}

/** Ends every process of a group, if there still is one. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Already gone.
  }
}

/**
 * A shell that reads from a pipe we hold open: when we die, in whatever way, the pipe ends and it kills the group.
 * Returns how to call it off.
 */
export function killWhenThisProcessDies(pid: number): () => void {
  const watchdog = spawn("/bin/sh", ["-c", `read -r _; kill -s KILL -- -${pid} 2>/dev/null`], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  watchdog.on("error", () => undefined);
  watchdog.stdin.on("error", () => undefined);
  watchdog.unref();
  (watchdog.stdin as unknown as { unref(): void }).unref();
  return () => {
    watchdog.kill("SIGKILL");
  };
}

/** Runs a program to its end, whatever its exit code; after `timeoutMs` it is killed and this rejects. */
export async function runToEnd(
  file: string,
  args: readonly string[],
  options: { timeoutMs: number; env: NodeJS.ProcessEnv; cwd?: string; stdin?: string },
): Promise<RunResult> {
  const { timeoutMs, stdin, ...where } = options;
  const child = spawn(file, args, { ...where, stdio: [stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("close", resolve);
    child.once("error", reject);
  });
  // One that does not read its input has ended: that says more than the broken pipe.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(stdin);
  try {
    return { code: await within(ended, timeoutMs, `the end of ${file} ${args.join(" ")}`), stdout, stderr };
  } finally {
    child.kill("SIGKILL");
  }
}
