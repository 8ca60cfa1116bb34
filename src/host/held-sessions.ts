import type { EventBus, Subject } from "../domain/events.ts";
import type { ResumeRecord } from "../domain/record.ts";
import { canonicalKey } from "../domain/session-key.ts";
import type { RecordStore } from "../record/record-store.ts";

export interface HeldSessionsOptions {
  readonly records: Pick<RecordStore, "get" | "delete">;
  readonly events: EventBus;
}

/**
 * Lets go of held sessions that their users continue: nobody has to look after them any more. The next boot would find
 * that by itself; until then they would still count as held.
 */
export class HeldSessions {
  readonly #options: HeldSessionsOptions;
  /** By canonical key, so that the record is asked for these only, and not at every turn of every user. */
  readonly #held = new Map<string, Subject[]>();
  readonly #stops: (() => void)[];

  constructor(options: HeldSessionsOptions) {
    this.#options = options;
    const { events } = options;
    const note = ({ agentId, sessionKey }: Subject, writtenTo = sessionKey) => {
      const key = canonicalKey(agentId, writtenTo);
      const others = (this.#held.get(key) ?? []).filter((known) => known.sessionKey !== sessionKey);
      this.#held.set(key, [...others, { agentId, sessionKey }]);
    };
    this.#stops = [
      events.on("judged", ({ verdict, conversationKey, ...subject }) => {
        if (verdict.kind !== "hold") return;
        note(subject);
        // The key has been made otherwise since, or it is another row that its user writes to.
        if (conversationKey !== undefined) note(subject, conversationKey);
      }),
      events.on("settled", ({ outcome, ...subject }) => {
        if (outcome === "held") note(subject);
      }),
      events.on("userContinued", ({ key }) => this.#letGo(key)),
    ];
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  #letGo(key: string): void {
    const subjects = this.#held.get(key) ?? [];
    this.#held.delete(key);
    for (const subject of subjects) this.#forget(subject);
  }

  #forget(subject: Subject): void {
    const { records, events } = this.#options;
    const { agentId, sessionKey } = subject;
    try {
      const record: ResumeRecord | undefined = records.get(agentId, sessionKey);
      // What is queued or has ended meanwhile is the lane's.
      if (record?.outcome !== "held") return;
      records.delete(agentId, sessionKey);
      const { attempts } = record;
      events.emit("settled", { ...subject, outcome: "superseded", reason: "user-continued", attempts });
    } catch (error) {
      events.emit("trouble", { ...subject, what: "let go of a held session", error });
    }
  }
}
