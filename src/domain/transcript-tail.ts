/**
 * How a transcript ends, as far as a resume needs to know.
 *
 * - `unanswered`: with a user's message, or with an answer that was cut off.
 * - `unsafe`: inside a tool call, or with a tool result that nobody has acted on: its effects are unknown.
 * - `answered`: with a finished assistant reply.
 */
export type TailKind =
  | { readonly kind: "unanswered" }
  | { readonly kind: "unsafe" }
  | {
      readonly kind: "answered";
      readonly text: string;
      readonly atMs: number | undefined;
      /** The run that has written it, where the host notes that. */
      readonly runId?: string | undefined;
    };

const UNANSWERED: TailKind = { kind: "unanswered" };

/** Reads the tail of a transcript's events, oldest first. Unknown shapes are passed over, never trusted. */
export function classifyTail(events: readonly unknown[]): TailKind {
  for (let index = events.length - 1; index >= 0; index -= 1) {
    const found = classifyEvent(events[index]);
    if (found !== undefined) return found;
  }
  return UNANSWERED;
}

/** When the newest event of a transcript was written, epoch milliseconds. */
export function newestEventAtMs(events: readonly unknown[]): number | undefined {
  for (let index = events.length - 1; index >= 0; index -= 1) {
    const atMs = timeOf(events[index]);
    if (atMs !== undefined) return atMs;
  }
  return undefined;
}

/** How many messages of a user a transcript has, and when the first and the last came. Commands do not get there. */
export function userMessages(events: readonly unknown[]): {
  readonly userMessages: number;
  readonly firstUserMessageAtMs: number | undefined;
  readonly lastUserMessageAtMs: number | undefined;
} {
  const times = events.flatMap((event) => (isByUser(messageOf(event)) ? [timeOf(event)] : []));
  const known = times.filter((atMs) => atMs !== undefined);
  return { userMessages: times.length, firstUserMessageAtMs: known[0], lastUserMessageAtMs: known.at(-1) };
}

/** The host writes in the user's name, too: what its own recovery of a turn was asked with (2026.9.6). */
function isByUser(message: Record<string, unknown> | undefined): boolean {
  const provenance = message?.["provenance"];
  return message?.["role"] === "user" && !(isObject(provenance) && provenance["kind"] === "internal_system");
}

/** Whether this is a finished reply of the agent's. */
export const isAnswer = (event: unknown): boolean => classifyEvent(event)?.kind === "answered";

function classifyEvent(event: unknown): TailKind | undefined {
  const message = messageOf(event);
  switch (message?.["role"]) {
    case "user":
      return UNANSWERED;
    case "tool":
    case "toolResult":
      return { kind: "unsafe" };
    case "assistant":
      return classifyAssistant(message, timeOf(event));
    default:
      return undefined;
  }
}

/** Messages that the host writes in the assistant's name: what was sent to the chat by other means, operators' notes. */
const HOST_WRITTEN = new Set<unknown>(["delivery-mirror", "gateway-injected"]);

function classifyAssistant(message: Record<string, unknown>, atMs: number | undefined): TailKind | undefined {
  if (message["provider"] === "openclaw" && HOST_WRITTEN.has(message["model"])) return undefined;
  const blocks = Array.isArray(message["content"]) ? message["content"].filter(isObject) : [];
  if (blocks.some(({ type }) => type === "toolCall" || type === "toolUse" || type === "tool_use")) {
    return { kind: "unsafe" };
  }
  // A turn that was cut off before it said anything leaves an empty message: the one beneath it counts.
  const cutOff = message["stopReason"] === "aborted" || message["stopReason"] === "error";
  if (cutOff) return undefined;
  const text = textOf(message["content"], blocks);
  return text === "" ? undefined : { kind: "answered", text, atMs, ...runOf(message) };
}

/** What the host keeps of a message beside its content (from 2026.8 on). */
function runOf({ __openclaw: kept }: Record<string, unknown>): { readonly runId?: string } {
  return isObject(kept) && typeof kept["runId"] === "string" ? { runId: kept["runId"] } : {};
}

function textOf(content: unknown, blocks: readonly Record<string, unknown>[]): string {
  if (typeof content === "string") return content.trim();
  const texts = blocks.flatMap(({ type, text }) => (type === "text" && typeof text === "string" ? [text] : []));
  return texts.join("\n\n").trim();
}

/** The message of a transcript event, if it is one. */
export function messageOf(event: unknown): Record<string, unknown> | undefined {
  if (!isObject(event) || event["type"] !== "message" || !isObject(event["message"])) return undefined;
  return event["message"];
}

/** When an event or message was written, epoch milliseconds. */
export function timeOf(event: unknown): number | undefined {
  if (!isObject(event)) return undefined;
  const { timestamp } = event;
  const atMs = typeof timestamp === "string" ? Date.parse(timestamp) : timestamp;
  return typeof atMs === "number" && Number.isFinite(atMs) ? atMs : undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
