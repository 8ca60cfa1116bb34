import type { ServiceState } from "../domain/service-state.ts";
import type { PageView } from "../operate/page-views.ts";
import { time } from "../cli/text.ts";
import { waitText } from "../cli/wait-text.ts";
import { counted, visible } from "./visible.ts";

/** How things stand: `busy` ends by itself, `warn` is for the operator to know, `bad` for the operator to put right. */
export type Tone = "ok" | "busy" | "warn" | "bad";

export interface Headline {
  readonly tone: Tone;
  /** Whether users wait, and for what. */
  readonly title: string;
  readonly detail: string;
}

const told = (tone: Tone, title: string, detail = ""): Headline => ({ tone, title, detail });

const HOST_RECOVERS = "the host recovers interrupted sessions as it would without the plugin";

const BY_STATE: Readonly<Record<ServiceState, (view: PageView) => Headline>> = {
  failed: () => told("bad", "The plugin could not start", `Nothing is resumed by it: ${HOST_RECOVERS}.`),
  misconfigured: (view) => {
    const title = "Nothing is resumed: the settings are wrong";
    return ifStranded(view, title) ?? told("bad", title, `${firstError(view)}Until they are right, ${HOST_RECOVERS}.`);
  },
  off: (view) =>
    ifStranded(view, "The plugin is switched off") ??
    told("warn", "The plugin is switched off", `Its mode is "off": ${HOST_RECOVERS}.`),
  observe: observing,
  active,
};

/** The answer to the one question with which this page is opened. */
export const headline = (view: PageView): Headline => BY_STATE[view.state](view);

/** What was claimed before the mode was changed: the host does not know that it could go on with it. */
function ifStranded({ stranded: claimed, counts, state }: PageView, title: string): Headline | null {
  const { queued, running } = counts;
  if (claimed + queued + running === 0) return null;
  const goesOn = running === 0 ? "" : `${counted(running, "resume that runs goes", "resumes that run go")} on. `;
  const waiting = claimed + queued;
  if (waiting === 0) return told("warn", title, goesOn.trim());
  const until = state === "misconfigured" ? "the settings are right" : 'the mode is "active" again';
  const detail = `${goesOn}Neither the plugin nor the host goes on with what was claimed until ${until} or the gateway is restarted.`;
  return told("bad", `${title}: ${counted(waiting, "claimed session waits", "claimed sessions wait")}`, detail);
}

const firstError = ({ settingsErrors: [error] }: PageView): string =>
  error === undefined ? "" : `${error.path === "" ? "" : `${visible(error.path)}: `}${visible(error.message)}. `;

function observing(view: PageView): Headline {
  const stranded = ifStranded(view, "The plugin only observes");
  if (stranded !== null) return stranded;
  const { totals, bootedAtMs } = view;
  const { admit } = totals.verdicts;
  const judged = sumOf(totals.verdicts);
  const wouldDo =
    bootedAtMs === null
      ? "this boot's sessions have not been judged yet"
      : judged === 0
        ? "nothing was interrupted"
        : `it would resume ${admit} of ${counted(judged, "interrupted session")}`;
  return told("warn", `The plugin only observes: ${wouldDo}`, `Its mode is "observe": ${HOST_RECOVERS}.`);
}

function active(view: PageView): Headline {
  const { counts, users, bootedAtMs, lane, fleet, totals } = view;
  const held =
    counts.held === 0 ? "" : `${counted(counts.held, "more is", "more are")} held until you or the user go on.`;
  if (users.waiting > 0) {
    const room = lane.mode === "yielding" ? "A resume is making room." : "User turns come before every resume.";
    const behind =
      counts.queued === 0
        ? ""
        : ` ${counted(counts.queued, "interrupted session queues", "interrupted sessions queue")}.`;
    return told("warn", `${counted(users.waiting, "user waits", "users wait")} for a turn`, `${room}${behind}`);
  }
  if (counts.queued > 0) {
    const why = lane.waitingFor;
    const title = `${counted(counts.queued, "user still waits", "users still wait")} for an interrupted answer`;
    const until =
      why === "fuse" && lane.fusedUntilMs !== null ? `Nothing starts until ${time(lane.fusedUntilMs)}. ` : "";
    const running = counts.running === 0 ? "" : `${counts.running} being resumed now. `;
    if (why === null) return told("busy", title, `${running}${held}`.trim());
    return told(
      BY_ITSELF.has(why) ? "busy" : "warn",
      `${title}: ${waitText(why, fleet)}`,
      `${until}${running}${held}`.trim(),
    );
  }
  if (counts.running > 0) {
    return told(
      "busy",
      `${counted(counts.running, "interrupted answer is", "interrupted answers are")} being resumed`,
      held,
    );
  }
  if (bootedAtMs === null) return told("busy", "This boot's sessions have not been judged yet");
  if (counts.held > 0) {
    const title = `Nothing is queued; ${counted(counts.held, "session is", "sessions are")} held`;
    return told("warn", title, "A held session goes on with its user's next message, or by your command.");
  }
  if (sumOf(totals.verdicts) === 0) {
    return told("ok", "Nothing was interrupted", "At this boot no session had to be resumed; nobody is waiting.");
  }
  return told("ok", "Nobody is waiting", "Every interrupted session of this boot has been dealt with.");
}

/** Waits that nobody has to end. */
const BY_ITSELF: ReadonlySet<string> = new Set(["gateway-starting", "users", "resting", "probe", "pace", "fleet"]);

const sumOf = (record: Readonly<Record<string, number>>): number =>
  Object.values(record).reduce((sum, count) => sum + count, 0);
