import type { PluginRuntime } from "openclaw/plugin-sdk/runtime-store";
import type { SessionRow } from "../domain/session.ts";
import { messageOf } from "../domain/transcript-tail.ts";
import { loadTranscriptEventsSync, movesUnanswered } from "./sdk.ts";
import { plainText } from "./transcript-file.ts";

/**
 * Hosts that keep transcripts in SQLite but know a recovery turn by its name only in part (2026.8.2): they take an
 * unanswered message at the very end off the active branch all the same, put it back half a second later as one message
 * with our prompt, though told to write none, and keep what a run had said when it was cut off.
 */

type RunParams = Parameters<PluginRuntime["agent"]["runEmbeddedAgent"]>[0];
type Recorder = NonNullable<RunParams["userTurnTranscriptRecorder"]>;
type PersistedMessage = NonNullable<Recorder["message"]>;
type PrepareAnswer = NonNullable<RunParams["prepareAssistantTranscriptMessage"]>;

/** What a run must be told besides, so that it leaves the conversation as whole as on other hosts. */
export type BesideMessage = Partial<
  Pick<RunParams, "prompt" | "userTurnTranscriptRecorder" | "prepareAssistantTranscriptMessage" | "abortSignal">
>;
type Attempt = { readonly prompt: string; readonly signal: AbortSignal };

/** Nothing on a host that moves no message. May throw, as the transcript's reader does. */
export function besideMessage(
  { agentId, sessionKey, sessionId }: SessionRow,
  storePath: string,
  attempt: Attempt,
): BesideMessage {
  if (!movesUnanswered) return {};
  return leaveStanding(loadTranscriptEventsSync?.({ agentId, sessionKey, sessionId, storePath }) ?? [], attempt);
}

/**
 * The host is told of the message at the very end that this is the one which the turn was made of, and that it has been
 * written down: such a message stays, but is not shown to the model, so the prompt brings it along. The host knows it again
 * by its idempotency key; one that has none is moved.
 */
export function leaveStanding(events: readonly unknown[], { prompt, signal }: Attempt): BesideMessage {
  const silent = { prepareAssistantTranscriptMessage: withoutBrokenOff, abortSignal: handingOff(signal) };
  const message = messageOf(events.findLast((event) => messageOf(event) !== undefined));
  const text = message?.["role"] === "user" ? plainText(message["content"]) : undefined;
  if (message === undefined || text === undefined || typeof message["idempotencyKey"] !== "string") return silent;
  return {
    ...silent,
    prompt: `${text}\n\n${prompt}`,
    userTurnTranscriptRecorder: recorderOf(message as object as PersistedMessage),
  };
}

/** The host writes down nothing that this takes away, as with a `before_message_write` hook; its type leaves that out. */
const withoutBrokenOff = ((message: { readonly stopReason?: unknown }) =>
  message.stopReason === "aborted" ? null : message) as unknown as PrepareAnswer;

/** Aborts as the host does when a turn hands over to the next one: then it adds no note that a turn was broken off. */
function handingOff(signal: AbortSignal): AbortSignal {
  const handOff = new AbortController();
  const abort = () =>
    handOff.abort(Object.assign(new Error("the resume is cut off", { cause: signal.reason }), { turnHandoff: true }));
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return handOff.signal;
}

/** Has nothing to record: all is written down. */
function recorderOf(message: PersistedMessage): Recorder {
  const nothing = () => undefined;
  const nothingLater = () => Promise.resolve(undefined);
  return {
    message,
    // It is not merged with the prompt either.
    resolveMessage: nothingLater,
    getPersistedMessage: () => message,
    hasPersisted: () => true,
    isBlocked: () => false,
    getAdmissionReceipt: nothing,
    hasRuntimePersistencePending: () => false,
    waitForRuntimePersistence: nothingLater,
    markRuntimePersistencePending: nothing,
    markRuntimePersisted: nothing,
    markBlocked: nothing,
    persistApproved: nothingLater,
    persistBlocked: nothingLater,
    persistFallback: nothingLater,
  };
}
