import type { EventBus, Subject } from "../domain/events.ts";
import type { History, HistoryEntry, HistoryStep } from "./history.ts";

/**
 * Writes the steps of claimed sessions into the history, after the step: a preemption must not wait for a disk.
 *
 * Returns what writes the rest and stops.
 */
export function writeHistory(
  events: EventBus,
  history: Pick<History, "addAll">,
  nowMs: () => number,
): { readonly stop: () => void } {
  let pending: (Subject & { readonly entry: HistoryEntry })[] = [];
  let due: NodeJS.Immediate | undefined;
  const flush = () => {
    due = undefined;
    const written = pending;
    pending = [];
    try {
      if (written.length > 0) history.addAll(written);
    } catch (error) {
      events.emit("trouble", { what: "write the history", error });
    }
  };
  const note = (
    what: HistoryStep,
    { agentId, sessionKey, ...detail }: Partial<Subject> & Readonly<Record<string, unknown>>,
  ) => {
    if (agentId === undefined || sessionKey === undefined) return;
    pending.push({ agentId, sessionKey, entry: { atMs: nowMs(), what, detail } });
    due ??= setImmediate(flush);
  };
  const stops = [
    events.on("judged", ({ verdict, ...subject }) => {
      const isOurs = verdict.kind === "admit" || verdict.kind === "hold";
      if (isOurs && verdict.reason !== "held-earlier") note("judged", { ...subject, ...verdict });
    }),
    events.on("started", (event) => note("started", { ...event })),
    events.on("cancelled", (event) => note("cancelled", { ...event })),
    events.on("ended", (event) => note("ended", { ...event })),
    events.on("settled", (event) => note("settled", { ...event })),
    events.on("asked", (event) => note("asked", { ...event })),
    events.on("notified", (event) => note("notified", { ...event })),
  ];
  return {
    stop() {
      for (const stop of stops) stop();
      if (due !== undefined) clearImmediate(due);
      flush();
    },
  };
}
