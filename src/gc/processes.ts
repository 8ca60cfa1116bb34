import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Whether there is such a process, and it still does something. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Of somebody else, but alive.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return statusOf(pid) !== "Z";
}

/** When it was started, in ticks since the machine was; `undefined` where the system does not say so. */
export function startTimeOf(pid: number): number | undefined {
  const ticks = Number(fieldsOf(pid)?.[19]);
  return Number.isInteger(ticks) ? ticks : undefined;
}

/** Whether the process that wrote this of itself is still there: a pid is given to another one some day. */
export function isStillThere({ pid, startTime }: { readonly pid: number; readonly startTime?: number }): boolean {
  if (!isAlive(pid)) return false;
  const now = startTime === undefined ? undefined : startTimeOf(pid);
  return now === undefined || now === startTime;
}

export const commandLineOf = (pid: number): readonly string[] => listIn(`/proc/${pid}/cmdline`);

/** Its environment at its start; `undefined` where that cannot be read. */
export function environmentOf(pid: number): Readonly<Record<string, string>> | undefined {
  const pairs = listIn(`/proc/${pid}/environ`).map((pair) => pair.split(/=(.*)/s, 2) as [string, string]);
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
}

/** The folder that it works in. */
export const folderOf = (pid: number): string | undefined => linkAt(`/proc/${pid}/cwd`);

/** What it has open; none where that cannot be seen. */
export function openFilesOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).flatMap((name) => linkAt(`${folder}/${name}`) ?? []);
  } catch {
    return [];
  }
}

/** Every process that can be seen; none where the system does not list them. */
export function allPids(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

const statusOf = (pid: number): string | undefined => fieldsOf(pid)?.[0];

/** What Linux says of it, behind its name, which may hold anything. */
function fieldsOf(pid: number): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(/.*\) /s)[1]?.split(" ");
  } catch {
    return undefined;
  }
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function listIn(path: string): string[] {
  try {
    return readFileSync(path, "utf8")
      .split("\0")
      .filter((part) => part !== "");
  } catch {
    return [];
  }
}
