/** What the demo prints, and its verdict. */
import type { DemoOptions } from "./options.ts";
import type { Recovery } from "./recovery.ts";
import { type FirstReply, type Writer, WRITER_NAMES, WRITERS } from "./writers.ts";

export type DemoResult = Pick<DemoOptions, "sessions" | "agents" | "waitMs"> & {
  host: Record<Writer, FirstReply>;
  plugin: Record<Writer, FirstReply>;
  recovery: Recovery;
};

/** Whether everybody who could be asked was answered in time with the plugin. */
export const allAnswered = ({ plugin }: Pick<DemoResult, "plugin">): boolean =>
  WRITERS.every((writer) => plugin[writer] !== "no-reply");

export function resultTable(result: DemoResult): string {
  const rows = [
    ["who writes after the restart", "host alone", "with resume-scheduler"],
    ...WRITERS.map((writer) => [
      WRITER_NAMES[writer],
      inWords(result.host[writer], result.waitMs),
      inWords(result.plugin[writer], result.waitMs),
    ]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  );
  return [lines[0], widths.map((width) => "-".repeat(width)).join("  "), ...lines.slice(1)].join("\n");
}

export function recoveryText({ sessions, recovery }: DemoResult): string {
  const { one, none, more, heldOverBootLimit, tookMs, starvedMs } = recovery;
  const held = heldOverBootLimit === 0 ? "" : ` (${heldOverBootLimit} held: budget.maxPerBoot is 100 by default)`;
  return (
    `With resume-scheduler, resumes kept users waiting for ${(starvedMs / 1000).toFixed(2)} s in all` +
    ` (openclaw_resume_starvation_seconds_total{lane="main"}).\n` +
    `Once the model answers again (after ${seconds(tookMs)}), of the ${sessions} interrupted chats\n` +
    `  exactly one reply: ${one}\n  no reply:          ${none}${held}\n  two or more:       ${more}`
  );
}

function inWords(reply: FirstReply, waitMs: number): string {
  if (reply === "no-reply") return `no reply in ${waitMs / 1000} s`;
  return reply === "no-such-chat" ? "(no such chat)" : seconds(reply);
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
