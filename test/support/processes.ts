/** Whether a process is still there. */
import fs from "node:fs";

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
