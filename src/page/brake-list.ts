import { duration, grouped, time } from "../cli/text.ts";
import type { ServiceState } from "../domain/service-state.ts";
import type { PageView } from "../operate/page-views.ts";
import { DOCTOR, RESUME_ALL_HELD, UNPAUSE } from "./commands.ts";
import { counted, visible } from "./visible.ts";
import { waitText } from "../cli/wait-text.ts";

/** Something that can keep resumes from starting, and what it does now. */
export interface Brake {
  readonly name: string;
  readonly isOn: boolean;
  readonly text: string;
  /** What lifts it, or says more; `null` where it is not on, or ends by itself only. */
  readonly command: { readonly name: string; readonly label: string; readonly text: string } | null;
}

/** Every brake, those that are on first. */
export function brakesOf(view: PageView, nowMs: number): Brake[] {
  const all = [
    ...settingsErrors(view),
    pause(view, nowMs),
    fuse(view, nowMs),
    ...waiting(view),
    ...cooldowns(view, nowMs),
    fleet(view),
    ...spend(view),
  ];
  // Whatever else lifts one changes the lane.
  const isOffered = ({ command }: Brake) => command === LOOK || view.takesCommands;
  return all
    .map((brake) => (isOffered(brake) ? brake : { ...brake, command: null }))
    .toSorted((left, right) => Number(right.isOn) - Number(left.isOn));
}

const off = (name: string, text: string): Brake => ({ name, isOn: false, text, command: null });
const on = (name: string, text: string, command: Brake["command"] = null): Brake => ({
  name,
  isOn: true,
  text,
  command,
});

const LIFT: Brake["command"] = { name: "unpause", label: "Start resumes again", text: UNPAUSE };
const LOOK: Brake["command"] = { name: "doctor", label: "See what is wrong, and what puts it right", text: DOCTOR };
const RESUME: Brake["command"] = {
  name: "resume-all-held",
  label: "Resume them all the same",
  text: RESUME_ALL_HELD,
};

function settingsErrors({ settingsErrors: errors, state }: PageView): Brake[] {
  if (errors.length === 0) return [off("Settings", "accepted")];
  return errors.map(({ path, message }, index) => {
    const name = path === "" ? "Settings" : `Setting ${visible(path)}`;
    const command = index === errors.length - 1 ? LOOK : null;
    if (state === "misconfigured") return on(name, visible(message), command);
    const text = `not taken over, those before stay in force: ${visible(message)}`;
    return { ...off(name, text), command };
  });
}

function pause({ lane: { pausedSinceMs } }: PageView, nowMs: number): Brake {
  if (pausedSinceMs === null) return off("Operator pause", "not paused");
  return on("Operator pause", `paused for ${ago(pausedSinceMs, nowMs)}: running resumes finish, none start`, LIFT);
}

function fuse({ lane: { fusedUntilMs } }: PageView, nowMs: number): Brake {
  if (fusedUntilMs === null) return off("Fuse", "not blown: gateways do not die while resumes run");
  const text = `blown: gateways died while resumes ran; nothing starts for ${until(fusedUntilMs, nowMs)} (${time(fusedUntilMs)})`;
  return on("Fuse", text, LIFT);
}

/** What the queue waits for, where none of the others says it. */
function waiting({ lane: { waitingFor }, fleet: shared, counts, budget }: PageView): Brake[] {
  if (waitingFor === "operator" || waitingFor === "fuse") return [];
  if (waitingFor !== null) return [on("Queue", `waits: ${waitText(waitingFor, shared)}`)];
  if (counts.queued === 0) return [off("Queue", "empty: nothing waits for a start")];
  return [off("Queue", budget.used >= budget.slots ? "waits for a slot" : "something may start now")];
}

function cooldowns({ cooldowns: items }: PageView, nowMs: number): Brake[] {
  if (items.length === 0) return [off("Model providers", "none refuses")];
  return items.map(({ provider, fault, untilMs, refusals }) => {
    const times = refusals === 1 ? "" : `, ${refusals} times in a row`;
    const text = `refuses (${fault}${times}): no resume for ${until(untilMs, nowMs)}`;
    return on(`Provider ${visible(provider)}`, text);
  });
}

function fleet({ fleet: shared }: PageView): Brake {
  if (shared === null) return off("Fleet", "this gateway is on its own");
  const { namespace, state, reason, maxConcurrent, fallbackConcurrent } = shared;
  const name = `Fleet ${visible(namespace)}`;
  if (state === "lost") {
    const why = reason === null ? "" : `: ${visible(reason)}`;
    return on(name, `Redis is lost, at most ${fallbackConcurrent} here until it is back${why}`, LOOK);
  }
  return off(name, `at most ${maxConcurrent} in all gateways${state === "connecting" ? ", connecting" : ""}`);
}

function spend({ spend: { tokens, maxTokens, costUsd, maxCostUsd } }: PageView): Brake[] {
  const kinds = [
    { name: "Tokens", used: tokens, limit: maxTokens, say: (count: number) => grouped(count) },
    { name: "Cost", used: costUsd, limit: maxCostUsd, say: (usd: number) => `$${usd.toFixed(2)}` },
  ];
  return kinds.map(({ name, used, limit, say }) => {
    if (limit === null) return off(name, `${say(used)} used, no limit`);
    const text = `${say(used)} of ${say(limit)} used in this boot`;
    return used >= limit ? on(name, `${text}: the rest is held`, RESUME) : off(name, text);
  });
}

/** How many of them are on, in words. */
export function brakesSummary(brakes: readonly Brake[], state: ServiceState): string {
  if (state !== "active") return `No resume starts, whatever stands here: the plugin is ${STATES[state]}.`;
  const count = brakes.filter(({ isOn }) => isOn).length;
  return count === 0 ? "Nothing holds resumes back." : `${counted(count, "thing holds", "things hold")} resumes back.`;
}

const STATES: Readonly<Record<Exclude<ServiceState, "active">, string>> = {
  observe: "only observing",
  off: "switched off",
  misconfigured: "without right settings",
  failed: "not running, because it could not start",
};

/** Whole seconds: the page is drawn anew once a second. */
export const ago = (atMs: number, nowMs: number): string =>
  duration(Math.max(0, Math.floor((nowMs - atMs) / 1000)) * 1000);
export const until = (atMs: number, nowMs: number): string =>
  duration(Math.max(0, Math.ceil((atMs - nowMs) / 1000)) * 1000);
