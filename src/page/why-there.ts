import type { QueueEntry, QueueOrder } from "../operate/page-views.ts";
import { ago, until } from "./brake-list.ts";

type Wording = (entry: QueueEntry, nowMs: number) => string;

const SHORT: Readonly<Record<QueueOrder["by"], Wording>> = {
  requested: () => "asked for by the operator: goes first",
  aged: () => "has waited long: may run beside users",
  resting: ({ restsUntilMs }, nowMs) =>
    restsUntilMs === null ? "retry: rests first" : `retry: rests ${until(restsUntilMs, nowMs)} more`,
  turn: ({ order }, nowMs) => `${activity(order.lastActivityAtMs, nowMs)}${order.direct ? ", direct chat" : ", group"}`,
};

const activity = (atMs: number | null, nowMs: number): string =>
  atMs === null ? "user's last activity unknown" : `user active ${ago(atMs, nowMs)} ago`;

/** Why a queued session stands where it stands, in a few words. */
export const whyThere: Wording = (entry, nowMs) => SHORT[entry.order.by](entry, nowMs);

const RULES: Readonly<Record<QueueOrder["by"], string>> = {
  requested: "What the operator asked for goes before all the others.",
  aged: "What has waited so long, or made room so often, that it may run beside users goes before the others.",
  resting: "A retry rests before its next attempt, and others pass it until then.",
  turn: "Agents take turns; of one agent the user who was active last comes first, a direct chat before a group.",
};

/** The rule behind it. */
export const ruleOf = ({ order }: QueueEntry): string => RULES[order.by];
