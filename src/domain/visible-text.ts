import { messageOf } from "./transcript-tail.ts";

/** What one side of a conversation has seen of a message. */
export interface VisibleText {
  readonly from: "user" | "assistant";
  readonly text: string;
  /** Epoch milliseconds. */
  readonly atMs: number | undefined;
}

/**
 * What the chat has seen of a transcript event; nothing of tool calls and their results, of thoughts, of messages that the
 * host wrote to the model, and of answers that broke off.
 */
export function visibleText(event: unknown): VisibleText | undefined {
  const message = messageOf(event);
  if (message === undefined) return undefined;
  const { role, content } = message;
  if (role !== "user" && role !== "assistant") return undefined;
  if (role === "user" ? isInternal(message) : isCutOff(message)) return undefined;
  const raw = textOf(content);
  const text = (role === "user" ? withoutHostParts(raw) : withoutThoughts(raw)).trim();
  if (text === "" || (role === "user" ? HOST_PROMPT : NO_REPLY).test(text)) return undefined;
  return { from: role, text, atMs: timeOf(event) ?? timeOf(message) };
}

/** The text blocks of a message's content, by their `type`: thoughts, calls, results and pictures have others. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  const texts = content.flatMap((block: unknown) =>
    isObject(block) && block["type"] === "text" && typeof block["text"] === "string" && !isCommentary(block)
      ? [block["text"]]
      : [],
  );
  return texts.join("\n\n");
}

/** What a model says to itself between its calls is marked in the block's signature (2026.7.1-2). */
function isCommentary({ textSignature }: Readonly<Record<string, unknown>>): boolean {
  return typeof textSignature === "string" && /"phase"\s*:\s*"commentary"/.test(textSignature);
}

/** Written by a session or by the host itself, in the user's place (`provenance`, 2026.7.1-2). */
function isInternal({ provenance, display }: Readonly<Record<string, unknown>>): boolean {
  if (display === false) return true;
  return isObject(provenance) && typeof provenance["kind"] === "string" && provenance["kind"] !== "external_user";
}

const isCutOff = ({ stopReason }: Readonly<Record<string, unknown>>): boolean =>
  stopReason === "aborted" || stopReason === "error";

/** What the host, or this plugin, writes in the user's place after a restart. */
const HOST_PROMPT = /^\[System\] Your previous turn (?:was|in this conversation was) interrupted by a gateway restart/;
/** With these a model says that it has nothing to say; they are sent to nobody. */
const NO_REPLY = /^(?:NO_REPLY|HEARTBEAT_OK)$/;

/** Thoughts that a model writes into its text, between tags that the host takes out of what it sends. */
const THOUGHTS = /<(think|thinking|thought|antthinking)>[^]*?<\/\1>/gi;
const FINAL_TAGS = /<\/?final>/gi;

const withoutThoughts = (text: string): string => text.replaceAll(THOUGHTS, "").replaceAll(FINAL_TAGS, "");

/**
 * Hosts from 2026.6.5 on store what the user wrote and nothing else. What older ones had put around it stands in their
 * transcripts still: a stamp, blocks of metadata, the host's own context; and a block of ours, were one ever stored.
 */
function withoutHostParts(text: string): string {
  let rest = withoutFenced(text, "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>", "<<<END_OPENCLAW_INTERNAL_CONTEXT>>>");
  rest = withoutFenced(rest, BLOCK_HEAD, BLOCK_FOOT).trim();
  for (;;) {
    const [part] = STAMP.exec(rest) ?? METADATA.exec(rest) ?? CHAT_WINDOW.exec(rest) ?? [];
    if (part === undefined) return rest;
    rest = rest.slice(part.length).trimStart();
  }
}

/** The first and the last line of what is carried over; see `carry-over.ts`. */
export const BLOCK_HEAD = "<<<BEGIN_EARLIER_CONVERSATION>>>";
export const BLOCK_FOOT = "<<<END_EARLIER_CONVERSATION>>>";

/** `[Thu 2026-11-26 10:47 UTC] ` */
const STAMP = /^\[[A-Za-z]{3} \d{4}-\d{2}-\d{2} \d{2}:\d{2}[^\]\n]{0,40}\] */;
/** `Conversation info (untrusted metadata):` and the like, each with a JSON object beneath it. */
const METADATA = /^[A-Z][\w ,'-]{0,80} \(untrusted[^)\n]{0,40}\):\n```json\n(?:(?!```(?:\n|$)).*\n)*```(?:\n|$)/;
/** `Conversation context (untrusted, chronological, ...):` and lines up to an empty one. */
const CHAT_WINDOW = /^[A-Z][^\n]{0,120} \(untrusted, (?:chronological[^)\n]{0,60}|for context)\):\n(?:.+\n)*(?:\n|$)/;

/** Linear, whatever stands in the text. */
function withoutFenced(text: string, head: string, foot: string): string {
  let kept = "";
  let at = 0;
  for (;;) {
    const from = text.indexOf(head, at);
    const to = from < 0 ? -1 : text.indexOf(foot, from + head.length);
    if (to < 0) return kept + text.slice(at);
    kept += text.slice(at, from);
    at = to + foot.length;
  }
}

function timeOf(dated: unknown): number | undefined {
  if (!isObject(dated)) return undefined;
  const { timestamp } = dated;
  const atMs = typeof timestamp === "string" ? Date.parse(timestamp) : timestamp;
  return typeof atMs === "number" && Number.isFinite(atMs) ? atMs : undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
