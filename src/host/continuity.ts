import { carryOver, enoughFor } from "../domain/carry-over.ts";
import { isOwned, kindOfKey } from "../domain/conversation.ts";
import type { EventBus, Subject } from "../domain/events.ts";
import { canonicalKey, parseKey } from "../domain/session-key.ts";
import { isAnswer } from "../domain/transcript-tail.ts";
import type { CarryOvers, WaitingCarryOver } from "../record/carry-overs.ts";
import type { ContinuitySettings } from "../settings/settings.ts";
import { inProcess } from "./in-process.ts";
import type { Enough, TranscriptEnd } from "./transcript-tail-file.ts";

/** What the host tells of a session that has ended (its hook `session_end`). */
export interface EndedSession {
  readonly sessionId: string;
  readonly sessionKey?: string | undefined;
  readonly reason?: string | undefined;
  /** Where its transcript is now. */
  readonly sessionFile?: string | undefined;
  readonly nextSessionId?: string | undefined;
  readonly nextSessionKey?: string | undefined;
}

/** Whose hook it is, as the host tells. */
export interface HookContext {
  readonly agentId?: string | undefined;
  readonly sessionKey?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly trigger?: string | undefined;
}

export interface ContinuityParts {
  readonly settings: ContinuitySettings;
  readonly store: Pick<CarryOvers, "all" | "put" | "delete" | "deleteBefore">;
  /** Reads the end of an ended session's transcript; `undefined` when there is none. */
  readonly readEnd: (ended: EndedSession & Subject, enough: Enough) => TranscriptEnd | undefined;
  /** Takes secrets out of a text. */
  readonly redact: (text: string) => string;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
  /** Who is told, once there is somebody. */
  readonly events: () => EventBus | undefined;
}

/** A first turn that comes later than this is about something else. */
export const WAITS_MS = 24 * 3_600_000;
/** What nobody comes back for is looked for so often, while there is anything to do at all. */
const SWEEP_EVERY_MS = 3_600_000;

/** The gateway stops; after its start the session goes on under the same id. */
const GOES_ON = new Set<unknown>(["shutdown", "restart"]);
/** Runs that nobody in the chat has asked for. */
const NO_TURN = new Set<unknown>(["heartbeat", "cron", "memory", "overflow"]);

/**
 * Carries the end of a conversation over into the first turn of the session that takes its place.
 *
 * What decides is that another id begins under the same key, by itself: hosts from 2026.8 on keep the id and the history.
 * Every method is called by the host's hooks, does its work within the call and never throws.
 */
export class Continuity {
  readonly #parts: ContinuityParts;
  #sweptAtMs: number;

  constructor(parts: ContinuityParts) {
    this.#parts = parts;
    // The service does it when it starts.
    this.#sweptAtMs = parts.nowMs();
  }

  /** A session has ended; its next one may begin with the same message. */
  sessionEnded(ended: EndedSession, context: HookContext): void {
    this.#sweep();
    const subject = subjectOf({ ...context, sessionKey: ended.sessionKey ?? context.sessionKey });
    if (subject === undefined) return;
    try {
      if (!GOES_ON.has(ended.reason)) this.#forget(this.#waiting(subject, ended.sessionId));
      if (this.#isRollover(ended)) this.#carry(ended, ended.nextSessionId, subject);
    } catch (error) {
      this.#trouble("carry a conversation over", error, subject);
    }
  }

  /** A prompt is being built: what belongs before the user's text, if anything waits for this session's first turn. */
  promptContext(event: { readonly messages: readonly unknown[] }, context: HookContext): PromptContext | undefined {
    this.#sweep();
    const subject = subjectOf(context);
    if (subject === undefined || NO_TURN.has(context.trigger)) return undefined;
    const waiting = this.#waiting(subject, context.sessionId);
    if (waiting === undefined) return undefined;
    // Its end was not seen: the gateway died at it.
    if (event.messages.some((message) => isAnswer({ type: "message", message }))) {
      this.#forget(waiting);
      return undefined;
    }
    const carriedInto = (inProcess.carriedInto ??= new WeakSet());
    if (carriedInto.has(event)) return undefined;
    carriedInto.add(event);
    return { prependContext: waiting.block };
  }

  /** A run has ended. One that failed may be repeated, or resumed after a restart. */
  turnEnded({ success }: { readonly success: boolean }, context: HookContext): void {
    this.#sweep();
    const subject = subjectOf(context);
    if (subject === undefined || !success || NO_TURN.has(context.trigger)) return;
    this.#forget(this.#waiting(subject, context.sessionId));
  }

  #isRollover(ended: EndedSession): ended is EndedSession & { readonly nextSessionId: string } {
    const { reason, sessionId, nextSessionId, sessionKey, nextSessionKey = sessionKey } = ended;
    if (!this.#parts.settings.reasons.some((one) => one === reason)) return false;
    return nextSessionId !== undefined && nextSessionId !== sessionId && nextSessionKey === sessionKey;
  }

  #carry(ended: EndedSession, toId: string, subject: Subject): void {
    if (isOwned(kindOfKey(subject.sessionKey))) return;
    const { settings, nowMs, redact, readEnd, events } = this.#parts;
    const startedMs = performance.now();
    const end = readEnd({ ...ended, ...subject }, enoughFor(settings));
    const carried = end === undefined ? "no-transcript" : carryOver(end.events, settings, { nowMs: nowMs(), redact });
    if (typeof carried === "string") {
      events()?.emit("notCarriedOver", { ...subject, reason: carried });
      return;
    }
    const { block, messages, chars } = carried;
    const waiting = { ...subject, fromId: ended.sessionId, toId, block, atMs: nowMs() };
    this.#all().set(subject.sessionKey, waiting);
    try {
      this.#parts.store.put(waiting);
    } catch (error) {
      // The turn that follows gets it all the same, unless the gateway dies first.
      this.#trouble("keep what is carried over", error, subject);
    }
    const tookMs = Math.round(performance.now() - startedMs);
    events()?.emit("carriedOver", { ...subject, messages, chars, bytesRead: end?.bytesRead ?? 0, tookMs });
  }

  #waiting({ sessionKey }: Subject, sessionId: string | undefined): WaitingCarryOver | undefined {
    const waiting = this.#all().get(sessionKey);
    if (waiting === undefined || waiting.toId !== sessionId) return undefined;
    if (this.#isFresh(waiting)) return waiting;
    this.#forget(waiting);
    return undefined;
  }

  #isFresh({ atMs }: WaitingCarryOver): boolean {
    return this.#parts.nowMs() - atMs <= WAITS_MS;
  }

  /** What the record holds is read once in a process. */
  #all(): Map<string, WaitingCarryOver> {
    if (inProcess.carryOvers !== undefined) return inProcess.carryOvers;
    inProcess.carryOvers = new Map();
    try {
      for (const waiting of this.#parts.store.all()) {
        if (this.#isFresh(waiting)) inProcess.carryOvers.set(waiting.sessionKey, waiting);
        else this.#parts.store.delete(waiting);
      }
    } catch (error) {
      this.#trouble("read what is carried over", error);
    }
    return inProcess.carryOvers;
  }

  /** Forgets what nobody has come back for. */
  #sweep(): void {
    const nowMs = this.#parts.nowMs();
    if (Math.abs(nowMs - this.#sweptAtMs) < SWEEP_EVERY_MS) return;
    this.#sweptAtMs = nowMs;
    const all = this.#all();
    for (const [key, waiting] of all) if (!this.#isFresh(waiting)) all.delete(key);
    try {
      this.#parts.store.deleteBefore(nowMs - WAITS_MS);
    } catch (error) {
      this.#trouble("forget what was carried over", error);
    }
  }

  #forget(waiting: WaitingCarryOver | undefined): void {
    if (waiting === undefined) return;
    const { agentId, sessionKey } = waiting;
    this.#all().delete(sessionKey);
    try {
      this.#parts.store.delete(waiting);
    } catch (error) {
      this.#trouble("forget what was carried over", error, { agentId, sessionKey });
    }
  }

  #trouble(what: string, error: unknown, subject?: Subject): void {
    this.#parts.events()?.emit("trouble", { ...subject, what, error });
  }
}

/** What the host puts before the user's text of one prompt. */
interface PromptContext {
  readonly prependContext: string;
}

/** The key as everything of one conversation meets under it. */
function subjectOf({ agentId, sessionKey }: HookContext): Subject | undefined {
  if (sessionKey === undefined || sessionKey === "") return undefined;
  const owner = agentId ?? parseKey(sessionKey)?.agentId ?? "main";
  return { agentId: owner, sessionKey: canonicalKey(owner, sessionKey) };
}
