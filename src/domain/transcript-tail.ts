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
  | { readonly kind: "answered"; readonly text: string; readonly atMs: number | undefined };

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

/** When a user last wrote into a transcript, epoch milliseconds. Commands do not get there. */
export function lastUserMessageAtMs(events: readonly unknown[]): number | undefined {
  for (let index = events.length - 1; index >= 0; index -= 1) {
    const atMs = messageOf(events[index])?.["role"] === "user" ? timeOf(events[index]) : undefined;
    if (atMs !== undefined) return atMs;
  }
  return undefined;
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
  return text === "" ? undefined : { kind: "answered", text, atMs };
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

function timeOf(event: unknown): number | undefined {
  if (!isObject(event)) return undefined;
  const { timestamp } = event;
  const atMs = typeof timestamp === "string" ? Date.parse(timestamp) : timestamp;
  return typeof atMs === "number" && Number.isFinite(atMs) ? atMs : undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
