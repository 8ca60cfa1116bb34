import { messageOf, timeOf } from "./transcript-tail.ts";

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
  const text = (role === "user" ? withoutHostParts(raw) : withoutSilence(withoutThoughts(raw))).trim();
  if (text === "" || (role === "user" && HOST_PROMPTS.test(text))) return undefined;
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

/**
 * What the host, or this plugin, writes in the user's place: after a restart, at a heartbeat, for a job that is due, for a
 * command that has ended and at the start of a session (2026.7.1-2; older ones write a heartbeat's prompt out).
 */
const HOST_PROMPTS = new RegExp(
  [
    String.raw`^\[System\] Your previous turn (?:was|in this conversation was) interrupted by a gateway restart`,
    String.raw`^(?:Delivery: [^]*)?\[OpenClaw heartbeat poll\]$`,
    String.raw`^Read HEARTBEAT\.md if it exists\b`,
    String.raw`^Run the following periodic tasks \(only those due based on their intervals\):`,
    String.raw`^A scheduled (?:reminder has been triggered\. The reminder content is:|cron event was triggered, but no )`,
    String.raw`^An async command (?:you ran earlier (?:has )?completed\b|completion event was triggered, but )`,
    String.raw`^An async command (?:the user already approved has completed|did not run)\.`,
    String.raw`^\[OpenClaw session \w+\]$`,
    String.raw`^A new session was started via /new or /reset\.`,
    String.raw`^\[cron:[\w-]+ `,
  ].join("|"),
);

/** Code, in which a tag is a text like any other; or a tag that the host takes out of what it sends. */
const TAGS =
  /(?<=^|\n)```[^]*?(?:\n```|$)|`[^`\n]*`|<\s*(?:(\/)\s*)?(?:(?:antml:|mm:)?(?:(think(?:ing)?|thought))|(antthinking)|final)\b[^<>]*>/gi;

/** Without the thoughts that a model writes into its text, between tags. One that does not end goes to the end. */
function withoutThoughts(text: string): string {
  let kept = "";
  let depth = 0;
  let at = 0;
  for (const match of text.matchAll(TAGS)) {
    const [part, isEnd, think, antthinking] = match;
    if (part.startsWith("`")) continue;
    if (depth === 0) kept += text.slice(at, match.index);
    at = match.index + part.length;
    if (think === undefined && antthinking === undefined) continue;
    // An end without a beginning: what stands before it was the thought.
    if (depth === 0 && isEnd !== undefined && text.slice(at).trim() !== "") kept = "";
    depth = isEnd === undefined ? depth + 1 : Math.max(0, depth - 1);
  }
  return depth === 0 ? kept + text.slice(at) : kept;
}

/** With these a model says that it has nothing to say; they are sent to nobody. */
const NO_REPLY = "NO_REPLY";
const HEARTBEAT_OK = "HEARTBEAT_OK";
/** What a model adds to `HEARTBEAT_OK` is sent when it is longer (the host's default). */
const LONGEST_ACK = 300;

/** What the host sends of an answer. */
function withoutSilence(answer: string): string {
  const text = withoutNoReply(answer.trim());
  return text.includes(HEARTBEAT_OK) ? withoutHeartbeatOk(text) : text;
}

function withoutNoReply(text: string): string {
  if (text.length <= LONGEST_SILENCE && SILENCE.test(text.replaceAll(EDGE_MARKS, ""))) return "";
  let rest = text.replace(GLUED_NO_REPLY, "");
  // In any case of letters, as the host takes it; with stars before it, or space.
  while (rest.slice(-NO_REPLY.length).toUpperCase() === NO_REPLY && /^$|[\s*]/.test(charBefore(rest, NO_REPLY.length)))
    rest = trimmedEnd(rest.slice(0, -NO_REPLY.length));
  return rest;
}

/** `**NO_REPLY**`, `"no_reply"`, `NO_REPLY.`, `{"action":"NO_REPLY"}`. */
const LONGEST_SILENCE = 200;
const SILENCE = /^(?:action"\s*:\s*"\s*)?NO_REPLY(?:\s+NO_REPLY)*$/i;
const EDGE_MARKS = /^[\p{P}\s]+|[\p{P}\s]+$/gu;
/** `NO_REPLYThe user ...` */
const GLUED_NO_REPLY = /^(?:NO_REPLY\s+)*NO_REPLY(?=[\p{L}\p{N}])/iu;

/** Nothing, where the rest is not worth a message; the text as it is, where the token stands in its middle only. */
function withoutHeartbeatOk(text: string): string {
  let rest = text.replace(/^[*`~_]+/, "");
  while (rest.startsWith(HEARTBEAT_OK)) rest = rest.slice(HEARTBEAT_OK.length).trimStart();
  for (;;) {
    const at = rest.lastIndexOf(HEARTBEAT_OK);
    if (at < 0 || !/^\W{0,4}[*`~_]{0,4}$/.test(rest.slice(at + HEARTBEAT_OK.length, at + HEARTBEAT_OK.length + 9)))
      break;
    rest = rest.slice(0, at).trimEnd();
  }
  if (rest === text.replace(/^[*`~_]+/, "")) return text;
  return rest.length <= LONGEST_ACK ? "" : rest;
}

const charBefore = (text: string, fromEnd: number): string => text.charAt(text.length - fromEnd - 1);

/** Without the stars at its end, or without the space. */
function trimmedEnd(text: string): string {
  let end = text.length;
  while (text.charAt(end - 1) === "*") end -= 1;
  return text.slice(0, end).trimEnd();
}

/**
 * Hosts from 2026.6.5 on store what the user wrote and nothing else. What older ones had put around it stands in their
 * transcripts still: a stamp, blocks of metadata, the host's own context; and a block of ours, were one ever stored.
 */
function withoutHostParts(text: string): string {
  let rest = withoutFenced(text, "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>", "<<<END_OPENCLAW_INTERNAL_CONTEXT>>>");
  rest = withoutFenced(rest, BLOCK_HEAD, BLOCK_FOOT).trim();
  for (;;) {
    const [part] = STAMP.exec(rest) ?? SYSTEM_EVENTS.exec(rest) ?? METADATA.exec(rest) ?? CHAT_WINDOW.exec(rest) ?? [];
    if (part === undefined) return rest;
    rest = rest.slice(part.length).trimStart();
  }
}

/** The first and the last line of what is carried over; see `carry-over.ts`. */
export const BLOCK_HEAD = "<<<BEGIN_EARLIER_CONVERSATION>>>";
export const BLOCK_FOOT = "<<<END_EARLIER_CONVERSATION>>>";

/** `[Thu 2026-11-26 10:47 UTC] ` */
const STAMP = /^\[[A-Za-z]{3} \d{4}-\d{2}-\d{2} \d{2}:\d{2}[^\]\n]{0,40}\] */;
/** `System: [2026-11-26 10:47:34 UTC] Exec finished (...)`, with its further lines; a user's own are marked as untrusted. */
const SYSTEM_EVENTS = /^System: \[\d{4}-[^\]\n]{1,60}\][^\n]*(?:\nSystem: [^\n]*)*(?:\n|$)/;
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

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
