import type { ServiceState } from "../domain/service-state.ts";
import type { CooldownItem, FleetView, HeldItem, QueueItem, RunningItem, StatusView } from "../operate/views.ts";
import { type Cell, fields, limited, table } from "./table.ts";
import type { Format, Look } from "./terminal.ts";
import { counts, duration, grouped, time } from "./text.ts";
import { waitText } from "./wait-text.ts";

const MOST_ROWS = 20;
const MOST_HELD = 5;

const STATE_FORMATS: Readonly<Record<ServiceState, Format>> = {
  active: "green",
  observe: "cyan",
  off: "dim",
  misconfigured: "red",
  failed: "red",
};

/** What lifts a pause and closes the fuse. */
const UNPAUSE = "`openclaw resumes unpause` goes on";

/** Everything on one screen. `view` has been cleaned. */
export function statusScreen(view: StatusView, look: Look): string[] {
  const { queue, running, held, settingsErrors } = view;
  return [
    `resume-scheduler ${view.version}: ${look.paint(STATE_FORMATS[view.state], view.state)}`,
    ...fields(look, [
      ["lane", laneCell(view)],
      ["budget", budgetText(view.budget)],
      ...spendField(view.spend),
      ...view.cooldowns.map((cooldown) => ["provider", cooldownCell(cooldown, view.atMs)] as const),
      ...(view.fleet === null ? [] : [["fleet", fleetCell(view.fleet)] as const]),
      ["users", `${view.users.waiting} waiting, ${view.users.running} running`],
      ["judged", view.bootedAtMs === null ? "not at this boot" : `${time(view.bootedAtMs)}, ${since(view)} ago`],
      ["verdicts", counts(view.totals.verdicts)],
      ["attempts", counts(view.totals.attempts)],
      ["outcomes", counts(view.totals.outcomes)],
    ]),
    ...section(look, `Running: ${running.length}`, () => runningLines(running, look)),
    ...section(look, `Queued: ${queue.length}`, () => queueLines(queue, look)),
    ...section(look, `Held: ${held.length}${held.length === 0 ? "" : ` (${byReason(held)})`}`, () =>
      heldLines(held, view.atMs, look),
    ),
    ...(settingsErrors.length === 0 ? [] : ["", look.paint("red", "Wrong settings:")]),
    ...settingsErrors.map(({ path, message }) => `  ${path === "" ? "settings" : path}: ${message}`),
  ];
}

/** How much of what this boot admitted is finished. */
export function progressBar({ totals }: StatusView, look: Look): string {
  const { completed, superseded, held, discarded, released } = totals.outcomes;
  const admitted = totals.verdicts.admit;
  const finished = Math.min(admitted, completed + superseded + held + discarded + released);
  const share = admitted === 0 ? 1 : finished / admitted;
  const width = Math.min(40, Math.max(10, look.columns - 30));
  const filled = Math.floor(share * width);
  const bar = look.paint("green", "#".repeat(filled)) + "-".repeat(width - filled);
  return `[${bar}] ${finished} of ${admitted} finished (${Math.floor(share * 100)} %)`;
}

function laneCell({ lane, fleet, atMs }: StatusView): Cell {
  const { name, mode, pausedSinceMs, fusedUntilMs, waitingFor } = lane;
  if (pausedSinceMs !== null) {
    return { text: `${name}, paused for ${duration(atMs - pausedSinceMs)}: ${UNPAUSE}`, format: "yellow" };
  }
  if (fusedUntilMs !== null) {
    return {
      text: `${name}, paused until ${time(fusedUntilMs)}: ${waitText("fuse", fleet)}; ${UNPAUSE}`,
      format: "red",
    };
  }
  if (waitingFor !== null) return { text: `${name}, waiting: ${waitText(waitingFor, fleet)}`, format: "yellow" };
  return mode === null || mode === "waiting" ? name : `${name}, ${mode}`;
}

function budgetText({ used, slots, perAgent }: StatusView["budget"]): string {
  return `${used} of ${slots} slots used${perAgent === null ? "" : `, at most ${perAgent} per agent`}`;
}

/** Only where something is limited or has been used. */
function spendField({ tokens, maxTokens, costUsd, maxCostUsd }: StatusView["spend"]): readonly [string, Cell][] {
  if (tokens === 0 && maxTokens === null && maxCostUsd === null) return [];
  const parts = [
    `${grouped(tokens)}${maxTokens === null ? "" : ` of ${grouped(maxTokens)}`} tokens`,
    ...(costUsd === 0 && maxCostUsd === null
      ? []
      : [`$${costUsd.toFixed(2)}${maxCostUsd === null ? "" : ` of $${maxCostUsd.toFixed(2)}`}`]),
  ];
  const isUsedUp = tokens >= (maxTokens ?? Infinity) || costUsd >= (maxCostUsd ?? Infinity);
  const text = `${parts.join(", ")} used${isUsedUp ? ": the rest is held" : ""}`;
  return [["spend", isUsedUp ? { text, format: "yellow" } : text]];
}

function cooldownCell({ provider, fault, untilMs, refusals }: CooldownItem, nowMs: number): Cell {
  const times = refusals === 1 ? "" : `, ${refusals} times in a row`;
  return {
    text: `${provider} refuses (${fault}${times}): no resume for ${duration(Math.max(0, untilMs - nowMs))}`,
    format: "yellow",
  };
}

function fleetCell({ namespace, state, reason, maxConcurrent, fallbackConcurrent }: FleetView): Cell {
  if (state === "lost") {
    return {
      text: `${namespace}: Redis is lost, at most ${fallbackConcurrent} here until it is back: ${reason ?? ""}`,
      format: "yellow",
    };
  }
  return `${namespace}: at most ${maxConcurrent} in all gateways${state === "connecting" ? ", connecting" : ""}`;
}

const since = ({ atMs, bootedAtMs }: StatusView): string => duration(atMs - (bootedAtMs ?? atMs));

function section(look: Look, title: string, toLines: () => string[]): string[] {
  return ["", look.paint("bold", title), ...toLines().map((line) => `  ${line}`)];
}

/** Two columns are taken by the indentation of a section. */
const inside = (look: Look): Look => ({ columns: look.columns - 2, paint: (format, text) => look.paint(format, text) });

const runningLines = (running: readonly RunningItem[], look: Look): string[] =>
  limited(running, MOST_ROWS, (shown) =>
    table(inside(look), {
      head: ["SLOT", "KEY", "ATTEMPT", "ELAPSED", "FLAGS"],
      rows: shown.map(({ slot, sessionKey, attempt, elapsedMs, timeoutMs, aged }) => [
        slot,
        sessionKey,
        attempt,
        `${duration(elapsedMs)} of ${duration(timeoutMs)}`,
        aged ? "aged" : "",
      ]),
      flexible: 1,
    }),
  );

const queueLines = (queue: readonly QueueItem[], look: Look): string[] =>
  limited(queue, MOST_ROWS, (shown) =>
    table(inside(look), {
      head: ["#", "KEY", "WAITED", "REASON", "ATTEMPTS", "FLAGS"],
      rows: shown.map((item) => [
        item.position,
        item.sessionKey,
        duration(item.waitedMs),
        item.reason,
        item.attempts,
        flagsOf(item),
      ]),
      flexible: 1,
    }),
  );

function flagsOf({ requested, aged, preemptions, restsMs }: QueueItem): string {
  const flags = [
    requested && "requested",
    aged && "aged",
    preemptions > 0 && `preempted ${preemptions}x`,
    restsMs > 0 && `rests ${duration(restsMs)}`,
  ];
  return flags.filter((flag) => flag !== false).join(", ");
}

const heldLines = (held: readonly HeldItem[], nowMs: number, look: Look): string[] =>
  limited(held, MOST_HELD, (shown) =>
    table(inside(look), {
      head: ["KEY", "REASON", "CLAIMED"],
      rows: shown.map(({ sessionKey, reason, claimedAtMs }) => [
        sessionKey,
        reason,
        `${duration(nowMs - claimedAtMs)} ago`,
      ]),
      flexible: 0,
    }),
  );

function byReason(held: readonly HeldItem[]): string {
  const groups = Map.groupBy(held, ({ reason }) => reason);
  return counts(Object.fromEntries([...groups].map(([reason, items]) => [reason, items.length])));
}
