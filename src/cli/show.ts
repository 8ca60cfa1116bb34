import type { Explanation, ShowView } from "../operate/views.ts";
import { verdictCell } from "./plan.ts";
import { type Cell, fields, table } from "./table.ts";
import type { Look } from "./terminal.ts";
import { fact, time } from "./text.ts";

type Conversation = NonNullable<ShowView["conversation"]>;
type Pairs = readonly (readonly [string, Cell])[];

/** All that is known of one session. `view` has been cleaned. */
export function showPage(view: ShowView, look: Look): string[] {
  const { session, transcript, record, history } = view;
  const block = (title: string, pairs: Pairs) => ["", look.paint("bold", title), ...fields(look, pairs)];
  return [
    look.paint("bold", view.sessionKey),
    ...fields(look, [
      ["agent", view.agentId],
      ["in the log", text(view.ref)],
      ["now", view.position === null ? view.place : `${view.place}, position ${view.position}`],
    ]),
    ...block("Session", [
      ["id", session.sessionId],
      ["kind", `${session.kind}, ${session.chat}`],
      ["status", text(session.status)],
      ["aborted last run", yesNo(session.abortedLastRun)],
      ["last interaction", when(session.lastInteractionAtMs)],
      ["started", when(session.startedAtMs)],
      ["stopped", when(session.stoppedAtMs)],
      ["last error", text(session.lastRunError)],
      ["marks", session.marks.length === 0 ? "-" : session.marks.join(", ")],
    ]),
    ...(view.conversation === null ? [] : block("Conversation", conversation(view.conversation))),
    ...block("Transcript", [
      ["state", transcript.state],
      ["size", transcript.sizeBytes === null ? "-" : `${transcript.sizeBytes} bytes`],
      ["ends with", transcript.endsWith],
      ["newest event", when(transcript.newestEventAtMs)],
      ["failures in a row", transcript.failures],
      ["last error", text(transcript.lastError)],
    ]),
    ...block("What this boot said", explained(view.boot, "nothing: it was not interrupted")),
    ...block("What a restart now would say", explained(view.now, "nothing: it would not be interrupted")),
    ...(record === null
      ? ["", "No record: the plugin has not claimed it."]
      : block("Record", [
          ["phase", record.outcome === null ? record.phase : `${record.phase}, ${record.outcome}`],
          ["reason", record.reason],
          ["attempts", record.attempts],
          ["cut off by restarts", record.cutOffs],
          ["preempted by users", record.preemptions],
          ["claimed", when(record.claimedAtMs)],
          ["requested", when(record.requestedAtMs)],
          ["notified", when(record.notifiedAtMs)],
          ["plugin version", text(record.pluginVersion)],
        ])),
    ...(history.length === 0 ? [] : ["", look.paint("bold", "History")]),
    ...table(look, { rows: history.map(({ atMs, what, detail }) => [` ${time(atMs)}`, what, details(detail)]) }),
  ];
}

function conversation({ key, channel, accountId, peer, threadId, rows }: Conversation): Pairs {
  const where = Object.entries({ channel, account: accountId, peer, thread: threadId });
  return [
    ...where.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const])),
    ["key today", key],
    ...(rows.length < 2 ? [] : rows).map(
      ({ sessionKey, sessionId, lastInteractionAtMs }, index) =>
        [
          index === 0 ? "newest row" : "held row",
          `${sessionKey}, session ${sessionId}, ${when(lastInteractionAtMs)}`,
        ] as const,
    ),
  ];
}

function explained(explanation: Explanation | null, none: string): Pairs {
  if (explanation === null) return [["verdict", none]];
  const { verdict, reason, meaning, rule, found, limit, unit, remedy } = explanation;
  return [
    ["verdict", { ...verdictCell(verdict), text: `${verdict}: ${reason}` }],
    ["meaning", `the session ${meaning}`],
    ["rule", rule],
    ["found", fact(found, unit)],
    ["limit", fact(limit, unit)],
    ["what to do", remedy],
  ];
}

const text = (value: string | null): string => value ?? "-";
const when = (atMs: number | null): string => fact(atMs, "time");
const yesNo = (value: boolean): string => (value ? "yes" : "no");

const details = (detail: Readonly<Record<string, unknown>>): string =>
  Object.entries(detail)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
