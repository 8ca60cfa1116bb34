import type { GcItem, GcView } from "../operate/views.ts";
import { table } from "./table.ts";
import type { Format, Look } from "./terminal.ts";
import { duration } from "./text.ts";

const ACTION_FORMATS: Readonly<Record<GcItem["action"], Format>> = { retire: "yellow", keep: "dim", protect: "cyan" };

/** Every held session with what becomes of it, and what the host's own cleanup would do. `view` has been cleaned. */
export function gcTable(view: GcView, look: Look): string[] {
  const { sessions } = view;
  return [
    ...table(look, {
      head: ["Action", "Key", "Age", "Kind", "Reason", "Transcript"],
      rows: sessions.map(({ action, sessionKey, heldForMs, kind, heldBy, protectedBy, transcript }) => [
        { text: action, format: ACTION_FORMATS[action] },
        sessionKey,
        duration(heldForMs),
        kind,
        protectedBy ?? heldBy,
        transcript,
      ]),
      flexible: 1,
    }),
    ...(sessions.length === 0 ? [] : [""]),
    ...summaryLines(view),
  ];
}

function summaryLines({ applied, enabled, heldMs, errorMs, summary, cleanup }: GcView): string[] {
  const { before, after, retired, kept, protected: spared, missingTranscripts, dmScopeRows } = summary;
  const limits = `longer than ${duration(heldMs)}, after a permanent error than ${duration(errorMs)}`;
  return [
    `held: ${before} before, ${after} after`,
    `${applied ? "retired" : "would be retired"}: ${retired} (held for ${limits}), kept: ${kept}, protected: ${spared}`,
    `the host's rows: ${missingTranscripts} without a transcript, ${dmScopeRows} of direct chats that session.dmScope has left behind`,
    ...(enabled ? [] : ["gc.enabled is false: nothing is retired by itself"]),
    `rows are removed by the host only: ${["openclaw", ...cleanup.args].map(quoted).join(" ")}`,
  ];
}

/** As a shell takes it. */
const quoted = (word: string): string =>
  /^[\w:@./+=-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
