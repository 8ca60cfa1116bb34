import type { GcItem, GcView, RowSurvey } from "../operate/views.ts";
import { table } from "./table.ts";
import type { Format, Look } from "./terminal.ts";
import { duration } from "./text.ts";

/** What `openclaw resumes gc` answers. */
export interface GcAnswer extends GcView {
  /** Of the stores on this machine; `null` where the gateway keeps them elsewhere. */
  readonly rows: RowSurvey | null;
  /** The host's own command, which alone removes rows; `null` where it would work on other stores. */
  readonly cleanup: {
    /** What follows `openclaw`. */
    readonly args: readonly string[];
    /** What it has exited with and printed; `null` when it was not run. */
    readonly exitCode: number | null;
    readonly output: unknown;
  } | null;
}

/** Every held session with what becomes of it, and what the host's own cleanup would do. `answer` has been cleaned. */
export function gcTable(answer: GcAnswer, look: Look): string[] {
  const { sessions } = answer;
  return [
    ...table(look, {
      head: ["Action", "Key", "Age", "Kind", "Reason", "Transcript"],
      rows: sessions.map(({ action, sessionKey, heldForMs, kind, heldBy, protectedBy, transcript }) => [
        { text: action, format: FORMATS[action] },
        sessionKey,
        duration(heldForMs),
        kind,
        protectedBy ?? heldBy,
        transcript,
      ]),
      flexible: 1,
    }),
    ...(sessions.length === 0 ? [] : [""]),
    ...summaryLines(answer),
  ];
}

const FORMATS: Readonly<Record<GcItem["action"], Format>> = { retire: "yellow", keep: "dim", protect: "cyan" };

function summaryLines({ applied, enabled, heldMs, errorMs, summary, rows, cleanup }: GcAnswer): string[] {
  const { before, after, retired, kept, protected: spared } = summary;
  const limits = `longer than ${duration(heldMs)}, after a permanent error than ${duration(errorMs)}`;
  return [
    `held: ${before} before, ${after} after`,
    `${applied ? "retired" : "would be retired"}: ${retired} (held for ${limits}), kept: ${kept}, protected: ${spared}`,
    ...(rows === null ? [] : [rowsLine(rows)]),
    ...(enabled ? [] : ["gc.enabled is false: nothing is retired by itself"]),
    ...(cleanup === null
      ? []
      : [`rows are removed by the host only: ${["openclaw", ...cleanup.args].map(quoted).join(" ")}`]),
  ];
}

const rowsLine = ({ missingTranscripts, dmScopeRows }: RowSurvey): string =>
  `the host's rows: ${missingTranscripts} without a transcript, ${dmScopeRows} of direct chats that session.dmScope has left behind`;

/** The host's own command for what is in its store, with the flags that it takes. */
export function cleanupArgs(
  { agentIds: [agentId, ...others], missingTranscripts, dmScopeRows }: RowSurvey,
  { apply, activeKey }: { readonly apply: boolean; readonly activeKey?: string | undefined },
): string[] {
  return [
    "sessions",
    "cleanup",
    apply ? "--enforce" : "--dry-run",
    ...(missingTranscripts > 0 ? ["--fix-missing"] : []),
    ...(dmScopeRows > 0 ? ["--fix-dm-scope"] : []),
    ...(activeKey === undefined ? [] : ["--active-key", activeKey]),
    ...(agentId === undefined || others.length > 0 ? ["--all-agents"] : ["--agent", agentId]),
  ];
}

/** As a shell takes it. */
const quoted = (word: string): string =>
  /^[\w:@./+=-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
