import type { ActionView, DoctorView, Finding, PauseView, SplitView } from "../operate/views.ts";
import { type Cell, table } from "./table.ts";
import type { Format, Look } from "./terminal.ts";
import { fact, time } from "./text.ts";

const DONE: Readonly<Record<ActionView["done"][number]["now"], string>> = {
  queued: "queued: it runs next, after the users' turns",
  held: "held",
  discarded: "discarded: its transcript stays",
  released: "released: the host's recovery takes it at its next start",
};

/** What was done, a line for each session. What was refused is told apart: see `refusedLines`. */
export function doneLines({ done, refused }: ActionView): string[] {
  if (done.length === 0 && refused.length === 0) return ["nothing to do"];
  return done.map(({ sessionKey, now }) => `${sessionKey}: ${DONE[now]}`);
}

export const refusedLines = ({ refused }: ActionView): string[] =>
  refused.map(({ sessionKey, reason, message }) => `${sessionKey}: ${reason}: ${message}`);

export function pauseLine({ pausedSinceMs }: PauseView): string {
  return pausedSinceMs === null ? "not paused: resumes start again" : `paused since ${time(pausedSinceMs)}`;
}

const LEVEL_FORMATS: Readonly<Record<Finding["level"], Format>> = { ok: "green", warn: "yellow", fail: "red" };

/** Each finding, its fix below it, and what is split in full. `view` has been cleaned. */
export function findingLines({ findings, splits }: DoctorView, look: Look): string[] {
  const rows = findings.flatMap(({ level, check, found, fix }): Cell[][] => [
    [{ text: level, format: LEVEL_FORMATS[level] }, check, found],
    ...(fix === null ? [] : [["", "", `fix: ${fix}`]]),
  ]);
  return [...table(look, { rows }), ...splits.flatMap((split) => splitLines(split, look))];
}

/** A conversation with its sessions, in the order in which they began. */
function splitLines({ key, parts }: SplitView, look: Look): string[] {
  const when = (atMs: number | null) => fact(atMs, "time");
  const rows = parts.map(({ sessionKey, sessionId, transcript, userMessages, ...said }, index): Cell[] => [
    `  ${index + 1}.`,
    `${userMessages} messages, ${when(said.firstUserMessageAtMs)} to ${when(said.lastUserMessageAtMs)}`,
    `${sessionKey}, session ${sessionId}, in ${transcript}`,
  ]);
  return ["", look.paint("bold", `split: ${key}`), ...table(look, { rows })];
}
