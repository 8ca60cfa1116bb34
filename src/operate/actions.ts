import { errorKind } from "../domain/error-kind.ts";
import { isOpen, isReplaced, movedOn } from "../domain/identify.ts";
import type { QueuedResume } from "../domain/queued-resume.ts";
import type { HoldReason, Outcome } from "../domain/reasons.ts";
import type { ResumeRecord } from "../domain/record.ts";
import type { SessionRow } from "../domain/session.ts";
import { canonicalKey } from "../domain/session-key.ts";
import { rowOf } from "../host/retire.ts";
import type { Forecast } from "../host/session-store.ts";
import { findSession } from "./find-session.ts";
import { activeOf, type Office } from "./office.ts";
import type { Action, ActionView, PauseView, RefusalReason, SessionName } from "./views.ts";

type Done = ActionView["done"][number]["now"];
type Active = NonNullable<Office["active"]>;
type WantedOutcome = Extract<Outcome, "held" | "discarded" | "released">;

/** A claimed session as it is at the moment of the action. */
interface Claimed {
  /** Canonical key. */
  readonly key: string;
  /** Its entry; `undefined` when there is none any more. */
  readonly row: SessionRow | "unreadable" | undefined;
  readonly record: ResumeRecord;
}

/** Carries out what the operator asks for. Every action writes the record first and is told as an event. */
export class Actions {
  readonly #office: () => Office;

  constructor(office: () => Office) {
    this.#office = office;
  }

  /** One session, by its key. */
  async one(action: Action, sessionKey: string): Promise<ActionView> {
    const { host } = this.#office();
    const { agentId, sessionKey: stored } = findSession(sessionKey, host, this.#active().records.all());
    return this.#each(action, [{ agentId, sessionKey: stored }]);
  }

  /** Every held session but the other rows of a conversation: it would answer its user twice. */
  async resumeAllHeld(): Promise<ActionView> {
    const held = this.#active()
      .records.all()
      .filter(({ outcome }) => outcome === "held");
    const isDuplicate = ({ reason }: ResumeRecord) => reason === ("duplicate-of" satisfies HoldReason);
    const view = await this.#each(
      "resume",
      held.filter((record) => !isDuplicate(record)),
    );
    const passedOver = held.filter(isDuplicate).map(({ agentId, sessionKey }) => ({
      agentId,
      sessionKey,
      reason: "duplicate" as const,
      message: "its conversation goes on in another row; ask for it by its key to run it all the same",
    }));
    return { ...view, refused: [...view.refused, ...passedOver] };
  }

  /** Every claimed session; one whose answer is on its way already is refused. */
  async releaseAll(): Promise<ActionView> {
    const claimed = this.#active()
      .records.all()
      .filter((record) => isOpen(record) && record.phase !== "released");
    return this.#each("release", claimed);
  }

  pause(): PauseView {
    const { records, lane } = this.#active();
    const pausedSinceMs = records.facts.get("pausedSince") ?? this.#office().nowMs();
    records.facts.set("pausedSince", pausedSinceMs);
    lane.pause("operator");
    this.#office().events.emit("asked", { action: "pause" });
    return { pausedSinceMs };
  }

  unpause(): PauseView {
    const { records, lane, fuse } = this.#active();
    records.facts.set("pausedSince", undefined);
    fuse.reset();
    lane.unpause("operator");
    this.#office().events.emit("asked", { action: "unpause" });
    return { pausedSinceMs: null };
  }

  #active(): Active {
    return activeOf(this.#office());
  }

  /** One after the other; an error of one session costs the others nothing. */
  async #each(action: Action, sessions: readonly SessionName[]): Promise<ActionView> {
    const done: ActionView["done"][number][] = [];
    const refused: ActionView["refused"][number][] = [];
    for (const { agentId, sessionKey } of sessions) {
      try {
        const now = await this.#do(action, this.#claimed(agentId, sessionKey), this.#active());
        this.#office().events.emit("asked", { action, agentId, sessionKey });
        done.push({ agentId, sessionKey, now });
      } catch (error) {
        const why = error instanceof Refusal ? error : new Refusal("failed", `it failed: ${errorKind(error)}`);
        refused.push({ agentId, sessionKey, reason: why.reason, message: why.message });
      }
    }
    return { action, done, refused };
  }

  /** Read anew for each: while one run drains, the next session may have been answered. */
  #claimed(agentId: string, sessionKey: string): Claimed {
    const record = this.#active().records.get(agentId, sessionKey);
    const row = this.#read(agentId, sessionKey);
    if (record !== undefined && isOpen(record)) return { key: canonicalKey(agentId, sessionKey), row, record };
    throw new Refusal("not-claimed", this.#whyNotClaimed(agentId, sessionKey, row));
  }

  #whyNotClaimed(agentId: string, sessionKey: string, row: Claimed["row"]): string {
    const last = this.#active().records.history.of(agentId, sessionKey).at(-1);
    const isRetired = last?.detail["outcome"] === ("retired" satisfies Outcome);
    if (isRetired) return "it was held for too long and has been retired: its user's next message continues it";
    const status = typeof row === "object" && row.status !== undefined ? ` (its status is ${row.status})` : "";
    return `this plugin has not claimed it, so it is the host's${status}`;
  }

  #read(agentId: string, sessionKey: string): Claimed["row"] {
    return rowOf({ agentId, sessionKey }, this.#office().host.sessions);
  }

  async #do(action: Action, claimed: Claimed, active: Active): Promise<Done> {
    if (claimed.record.phase === "released") {
      if (action === "release") throw new Refusal("already-released", "it was given back to the host already");
      const held = await this.#takeBack(claimed, active);
      if (action !== "hold") return this.#do(action, held, active);
      const { agentId, sessionKey, attempts } = held.record;
      this.#office().events.emit("settled", { agentId, sessionKey, ...HELD, attempts });
      return "held";
    }
    const { record, row } = claimed;
    if (action === "resume") return this.#resume(claimed, active);
    // Without its session it can be delivered no more, only forgotten.
    if (record.phase === "delivering" && !(action === "discard" && row === undefined)) throw DELIVERING;
    if (action === "release") return this.#release(claimed, active);
    if (action === "discard") return this.#end(claimed, "discarded", active);
    if (record.outcome === "held") throw new Refusal("already-held", `it is held already (${record.reason})`);
    return this.#end(claimed, "held", active);
  }

  #resume({ key, row, record }: Claimed, { lane, records }: Active): Done {
    const nowMs = lane.nowMs();
    const place = lane.placeOf(key);
    if (place === "running") throw new Refusal("already-running", "it is being resumed right now");
    if (place === "queued") {
      lane.request(key);
      return "queued";
    }
    if (record.phase === "delivering") throw DELIVERING;
    const there = this.#stillThere(record, row);
    const fresh = { phase: "claimed", outcome: undefined, attempts: 0, cutOffs: 0, preemptions: 0 } as const;
    records.put({ ...record, ...fresh, reply: undefined, requestedAtMs: nowMs, heldSinceMs: undefined });
    lane.enqueue(requested(record, there, this.#office().host.sessions.forecast(there), nowMs));
    return "queued";
  }

  async #release(claimed: Claimed, active: Active): Promise<Done> {
    const { agentId, sessionKey } = claimed.record;
    this.#stillThere(claimed.record, claimed.row);
    await this.#end(claimed, "released", active);
    // When this fails the record says "released" of a session that is not: the next boot gives it back.
    const row = this.#stillThere(claimed.record, this.#read(agentId, sessionKey));
    const { sessions } = this.#office().host;
    if (row.status !== "running" && (await sessions.release(row, "at-next-start"))) return "released";
    active.records.delete(agentId, sessionKey);
    throw new Refusal("session-changed", "its user has come back to it meanwhile; it is an ordinary session now");
  }

  /** A session that was given back, and that the host has not begun with, is held again. */
  async #takeBack({ key, record, row: found }: Claimed, { records }: Active): Promise<Claimed> {
    const { boot } = this.#office();
    if (boot !== undefined && record.bootId !== boot.id) {
      throw new Refusal("session-changed", "the host's recovery has had it since the restart");
    }
    const row = this.#stillThere(record, found);
    const isTaken = row.status !== "running" || (await this.#office().host.sessions.claim(row)) !== undefined;
    if (!isTaken) throw new Refusal("session-changed", "it changed while it was being taken back");
    const heldSinceMs = this.#office().nowMs();
    const held: ResumeRecord = { ...record, ...HELD, phase: "settled", heldBecause: undefined, heldSinceMs };
    records.put(held);
    return { key, record: held, row: this.#read(record.agentId, record.sessionKey) };
  }

  /** Ends a claim, wherever it is. Throws when it has ended in another way meanwhile. */
  async #end({ key, record }: Claimed, outcome: WantedOutcome, { lane, records }: Active): Promise<WantedOutcome> {
    const settlement = { outcome, reason: "by-operator" } as const;
    if (lane.placeOf(key) !== undefined) {
      const settled = await lane.settle(key, settlement);
      if (settled?.outcome === outcome) return outcome;
      if (settled?.outcome === "completed") throw new Refusal("answered", "it was answered before it could be stopped");
      throw new Refusal("user-continued", "its user has continued it");
    }
    const { agentId, sessionKey, attempts } = record;
    if (outcome === "discarded") records.delete(agentId, sessionKey);
    else {
      const phase = outcome === "held" ? "settled" : "released";
      const bootId = this.#office().boot?.id ?? record.bootId;
      const ended = { phase, bootId, reply: undefined, requestedAtMs: undefined, heldBecause: undefined } as const;
      const heldSinceMs = outcome === "held" ? this.#office().nowMs() : undefined;
      records.put({ ...record, ...settlement, ...ended, heldSinceMs });
    }
    this.#office().events.emit("settled", { agentId, sessionKey, ...settlement, attempts });
    return outcome;
  }

  /** The session, unless its user has moved on: then nothing is left to be done, and the claim is forgotten. */
  #stillThere(record: ResumeRecord, row: Claimed["row"]): SessionRow {
    const { transcripts, isLater } = this.#office().host;
    if (row === "unreadable") throw new Refusal("failed", "its entry cannot be read");
    if (row === undefined || isReplaced(record, row)) {
      this.#forget(record);
      throw new Refusal("session-replaced", "its user has started afresh since it was claimed");
    }
    if (movedOn(record, row, () => transcripts.whole(row), isLater())) {
      this.#forget(record);
      throw new Refusal("user-continued", "its user has continued or stopped it since it was claimed");
    }
    return row;
  }

  /** What the lane has it settles itself. */
  #forget({ agentId, sessionKey }: ResumeRecord): void {
    const { lane, records } = this.#active();
    if (lane.placeOf(canonicalKey(agentId, sessionKey)) === undefined) records.delete(agentId, sessionKey);
  }
}

/** Why one session was passed over. */
class Refusal extends Error {
  override readonly name = "Refusal";
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

const HELD = { outcome: "held", reason: "by-operator" } as const;
const DELIVERING = new Refusal("delivering", "its answer is already on its way");

function requested(
  { agentId, sessionKey, sessionId }: ResumeRecord,
  { lastInteractionAtMs, chatKind }: SessionRow,
  forecast: Forecast,
  nowMs: number,
): QueuedResume {
  return {
    key: canonicalKey(agentId, sessionKey),
    agentId,
    sessionKey,
    sessionId,
    requestedAtMs: nowMs,
    activityAtMs: lastInteractionAtMs,
    direct: chatKind === "direct",
    attempts: 0,
    preemptions: 0,
    refusals: 0,
    isAnswered: false,
    ...forecast,
    queuedAtMs: nowMs,
    enqueuedAtMs: nowMs,
    notBeforeMs: nowMs,
  };
}
