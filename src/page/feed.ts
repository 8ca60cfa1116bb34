import type { PageLists, PageView } from "../operate/page-views.ts";
import { problemOf, type Problem } from "./problem.ts";

/** How the page stands to the gateway. */
export type Connection = "loading" | "live" | "polling" | "gone" | "unavailable";

/** What the page knows. What is no longer new stays in it. */
export interface Known {
  readonly connection: Connection;
  readonly view: PageView | null;
  readonly lists: PageLists | null;
  /** When `view` came, by the page's own clock. */
  readonly viewAtMs: number;
  /** What is wrong, where the gateway has said it. */
  readonly message: string | null;
}

/** What the gateway has said. */
export interface Answer {
  readonly status: number;
  readonly ok: boolean;
  readonly body: unknown;
}

/** A stream of notices that something has changed. */
interface Stream {
  close(): void;
}

/** The browser, as far as the feed needs it. */
export interface Surroundings {
  /** Never goes back. */
  nowMs(): number;
  /** Throws where there is no answer. */
  get(path: string): Promise<Answer>;
  listen(on: { readonly open: () => void; readonly changed: () => void; readonly lost: () => void }): Stream;
  after(ms: number, call: () => void): () => void;
  /** Loads the page anew for another ticket; false when it has just done so. */
  reload(): boolean;
}

const POLL_MS = 2000;
const POLL_BESIDE_STREAM_MS = 10_000;
const LISTS_MS = 1000;
const STREAM_AGAIN_MS = 5000;
const AFTER_LOSS_MS = 1000;

/**
 * Keeps what the page shows up to date: asks when told to by the stream, every 2 s without one, and never while nobody looks.
 * One request at a time; whatever goes wrong, it asks again.
 */
export class Feed {
  #known: Known = { connection: "loading", view: null, lists: null, viewAtMs: 0, message: null };
  readonly #around: Surroundings;
  readonly #tell: (known: Known) => void;
  #isShown = false;
  #isBusy = false;
  #isDue = false;
  #stream: Stream | undefined;
  #isStreaming = false;
  #streamAtMs = -Infinity;
  #listsAtMs = -Infinity;
  #stopTimer = () => {};

  constructor(around: Surroundings, tell: (known: Known) => void) {
    this.#around = around;
    this.#tell = tell;
  }

  /** Whether anybody looks at the page. Whoever begins to look sees what is. */
  show(isShown: boolean): void {
    this.#isShown = isShown;
    if (isShown) {
      void this.refresh();
      return;
    }
    this.#stopTimer();
    this.#closeStream();
  }

  async refresh(): Promise<void> {
    this.#isDue = true;
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#stopTimer();
    while (this.#isDue && this.#isShown) {
      this.#isDue = false;
      await this.#round();
    }
    this.#isBusy = false;
    this.#plan();
  }

  async #round(): Promise<void> {
    const view = await this.#ask<PageView>("state.json");
    if (view === undefined || !this.#isShown) return;
    this.#openStream();
    const connection = this.#isStreaming ? "live" : "polling";
    this.#learn({ connection, view, viewAtMs: this.#around.nowMs(), message: null });
    if (!this.#listsAreOld() || this.#listsWaitMs() > 0) return;
    this.#listsAtMs = this.#around.nowMs();
    const lists = await this.#ask<PageLists>("sessions.json");
    if (lists !== undefined) this.#learn({ lists });
  }

  async #ask<Content>(path: string): Promise<Content | undefined> {
    let problem: Problem;
    try {
      const answer = await this.#around.get(path);
      if (answer.ok) return answer.body as Content;
      problem = problemOf(answer);
    } catch {
      problem = { connection: "gone", message: null, needsTicket: false };
    }
    const { connection, message, needsTicket } = problem;
    if (needsTicket && this.#around.reload()) return undefined;
    this.#closeStream();
    this.#learn({ connection, message });
    return undefined;
  }

  /** When to ask again by itself. */
  #plan(): void {
    this.#stopTimer();
    if (!this.#isShown) return;
    const isLive = this.#known.connection === "live";
    const pollMs = isLive ? POLL_BESIDE_STREAM_MS : POLL_MS;
    const wantsLists = this.#known.connection !== "gone" && this.#listsAreOld();
    const waitMs = wantsLists ? Math.min(pollMs, Math.max(100, this.#listsWaitMs())) : pollMs;
    this.#stopTimer = this.#around.after(waitMs, () => void this.refresh());
  }

  #listsAreOld(): boolean {
    const { view, lists } = this.#known;
    return view !== null && view.listsRevision !== lists?.revision;
  }

  #listsWaitMs(): number {
    return this.#listsAtMs + LISTS_MS - this.#around.nowMs();
  }

  #openStream(): void {
    if (this.#stream !== undefined || this.#around.nowMs() - this.#streamAtMs < STREAM_AGAIN_MS) return;
    this.#streamAtMs = this.#around.nowMs();
    const stream = this.#around.listen({
      open: () => {
        if (this.#stream !== stream) return;
        this.#isStreaming = true;
        // It may have changed before the stream was open.
        void this.refresh();
      },
      changed: () => {
        if (this.#stream === stream) void this.refresh();
      },
      lost: () => {
        if (this.#stream !== stream) return;
        this.#closeStream();
        if (this.#known.connection === "live") this.#learn({ connection: "polling" });
        // What is being replaced has nothing to say yet.
        this.#stopTimer();
        this.#stopTimer = this.#around.after(AFTER_LOSS_MS, () => void this.refresh());
      },
    });
    this.#stream = stream;
  }

  #closeStream(): void {
    this.#stream?.close();
    this.#stream = undefined;
    this.#isStreaming = false;
  }

  #learn(more: Partial<Known>): void {
    this.#known = { ...this.#known, ...more };
    this.#tell(this.#known);
  }
}
