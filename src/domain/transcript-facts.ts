import { classifyRunError, type RunError } from "./run-error.ts";
import { classifyTail, isAnswer, messageOf, newestEventAtMs, type TailKind, userMessages } from "./transcript-tail.ts";

/**
 * Whether a transcript can be resumed from.
 *
 * - `ok`: it has messages.
 * - `missing`: the host has none under this session id. `empty`: it has no message.
 * - `truncated`: its end is damaged. `unreadable`: it cannot be read at all.
 */
export type TranscriptState = "ok" | "missing" | "empty" | "truncated" | "unreadable";

/** What admission wants to know of a transcript. Times are epoch milliseconds. */
export interface TranscriptFacts {
  readonly state: TranscriptState;
  /** Bytes in the host's store, where it tells. */
  readonly sizeBytes: number | undefined;
  /** Its messages were read; a long one's are read only when it is about to be resumed. */
  readonly wasRead: boolean;
  readonly tail: TailKind;
  readonly newestEventAtMs: number | undefined;
  readonly userMessages: number;
  readonly firstUserMessageAtMs: number | undefined;
  readonly lastUserMessageAtMs: number | undefined;
  /** A gateway that was stopping has refused the user's last message: no turn was made of it. */
  readonly refused: boolean;
  /** Turns in a row that ended in an error, up to the newest that has ended. */
  readonly failures: number;
  /** What the newest of them ended in. */
  readonly lastError: RunError | undefined;
}

/** Facts of a transcript whose messages are not known. */
export function unreadFacts(
  state: TranscriptState,
  known: Partial<Pick<TranscriptFacts, "sizeBytes" | "newestEventAtMs">> = {},
): TranscriptFacts {
  return {
    state,
    sizeBytes: known.sizeBytes,
    wasRead: false,
    tail: { kind: "unanswered" },
    newestEventAtMs: known.newestEventAtMs,
    userMessages: 0,
    firstUserMessageAtMs: undefined,
    lastUserMessageAtMs: undefined,
    refused: false,
    failures: 0,
    lastError: undefined,
  };
}

/** Reads the facts off a transcript's events, oldest first. What lies before the user's last `/new` is over. */
export function transcriptFacts(all: readonly unknown[], sizeBytes?: number): TranscriptFacts {
  const events = all.slice(all.findLastIndex(isReset) + 1);
  const errors = trailingErrors(events);
  return {
    state: all.length === 0 ? "missing" : events.some((event) => messageOf(event) !== undefined) ? "ok" : "empty",
    sizeBytes,
    wasRead: true,
    tail: classifyTail(events),
    newestEventAtMs: newestEventAtMs(all),
    ...userMessages(events),
    refused: isRefused(events),
    failures: errors.length,
    lastError: errors[0],
  };
}

const isReset = (event: unknown): boolean => (event as { type?: unknown } | null)?.type === "reset";

/** The errors of the turns since the last answer, newest first. The host leaves one event for each (2026.9.6). */
function trailingErrors(events: readonly unknown[]): RunError[] {
  const errors: RunError[] = [];
  for (const event of events.toReversed()) {
    if (isAnswer(event)) break;
    const error = errorOf(event);
    if (error !== undefined) errors.push(error);
  }
  return errors;
}

function errorOf(event: unknown): RunError | undefined {
  const message = messageOf(event);
  if (message !== undefined) {
    const { role, stopReason, errorCode, errorType, errorMessage } = message;
    const failed = role === "assistant" && stopReason === "error";
    return failed ? classifyRunError(errorCode, errorType, errorMessage) : undefined;
  }
  const error = failureOf(event);
  // A refusal says nothing of the conversation.
  return error === undefined || REFUSAL.test(error) ? undefined : classifyRunError(error);
}

/** The host's note of a turn that failed before it reached the model (2026.9.6). */
function failureOf(event: unknown): string | undefined {
  const { type, customType, details } = (event ?? {}) as Record<string, unknown>;
  if (type !== "custom_message" || customType !== "run-failed-before-reply") return undefined;
  const { error } = (details ?? {}) as { error?: unknown };
  return typeof error === "string" ? error : "";
}

/** What a gateway that stops answers new work with. */
const REFUSAL = /gateway is draining/i;

function isRefused(events: readonly unknown[]): boolean {
  const last = events.findLastIndex((event) => messageOf(event) !== undefined || failureOf(event) !== undefined);
  return REFUSAL.test(failureOf(events[last]) ?? "");
}
