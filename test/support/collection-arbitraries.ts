/**
 * Generated rows of a `sessions.json` store, each with what is true of it by the way that it was made: the tests judge a
 * collection by this and read no key and no row themselves.
 */
import { fc } from "@fast-check/vitest";
import type { CollectionRules, TranscriptState } from "../../src/domain/collection.ts";

export const NOW_MS = Date.UTC(2026, 1, 3, 4, 5, 6, 789);
const HOUR_MS = 3_600_000;
/** Of the agent in whose store the rows are. */
export const AGENT_ID = "main";

/** One row, and what is so of it. */
export interface MadeRow {
  readonly key: string;
  readonly entry: Readonly<Record<string, unknown>>;
  /** A group, channel, thread or topic, by its key or by what it says. */
  readonly isShared: boolean;
  /** A direct chat of its own, as the host no longer has any once `session.dmScope` is `main`. */
  readonly isOwnDirect: boolean;
  readonly isPinned: boolean;
  readonly hasFailed: boolean;
  readonly startedAtMs: number | undefined;
  readonly activeAtMs: number | undefined;
  readonly transcript: TranscriptState;
  readonly isLocked: boolean;
}

const peer = fc.constantFrom("1", "2", "40382952", "ab", "__proto__");
const keysOf = (...makers: readonly ((of: string) => string)[]) =>
  fc.tuple(peer, fc.constantFrom(...makers)).map(([of, make]) => make(of));

const ownDirect = keysOf(
  (of) => `agent:main:direct:${of}`,
  (of) => `agent:main:telegram:direct:${of}`,
  (of) => `agent:main:telegram:work:direct:${of}`,
);
const shared = keysOf(
  (of) => `agent:main:telegram:group:-${of}`,
  (of) => `agent:main:discord:channel:${of}`,
  (of) => `agent:main:signal:group:AbC${of}=`,
  (of) => `agent:main:matrix:channel:!Room${of}:example.org`,
  (of) => `telegram:group:-${of}`,
  (of) => `agent:main:slack:channel:c1:thread:${of}`,
  (of) => `agent:main:main:thread:${of}`,
  (of) => `agent:main:telegram:direct:1:thread:1:${of}`,
  (of) => `agent:main:telegram:group:-1:topic:${of}`,
  (of) => `agent:main:telegram:direct:1:topic:${of}`,
  (of) => `agent:other:telegram:group:-${of}`,
);
const other = keysOf(
  () => "agent:main:main",
  () => "global",
  (of) => `agent:main:telegram:dm:${of}`,
  (of) => `agent:other:telegram:direct:${of}`,
  (of) => `agent:main:cron:${of}`,
  (of) => `agent:main:cron:${of}:run:7`,
  (of) => `agent:main:subagent:${of}`,
  (of) => `agent:main:acp:${of}`,
  (of) => `agent:main:hook:${of}`,
  // An integration's own keys: the first one's canonical key is the one above.
  (of) => `hook:${of}`,
  (of) => `openresponses:${of}`,
  (of) => `agent:main:openresponses:${of}`,
  (of) => of,
  (of) => `agent:main:${of}`,
  () => "",
  () => "agent:main:",
  () => "7",
  () => "007",
  () => "constructor",
);
const spelling = fc.constantFrom(
  (key: string) => key,
  (key: string) => key,
  (key: string) => key.toUpperCase(),
  (key: string) => key.replace("agent", "Agent"),
);

const keyed = fc
  .oneof(
    { weight: 4, arbitrary: ownDirect.map((key) => ({ key, isOwnDirect: true, isShared: false })) },
    { weight: 3, arbitrary: shared.map((key) => ({ key, isOwnDirect: false, isShared: true })) },
    { weight: 5, arbitrary: other.map((key) => ({ key, isOwnDirect: false, isShared: false })) },
  )
  .chain((made) => spelling.map((spell) => ({ ...made, key: spell(made.key) })));

/** Up to some days ago, some of them in the future. */
const time = fc.integer({ min: -5, max: 200 }).map((hoursAgo) => NOW_MS - hoursAgo * HOUR_MS);
/** What is no time. */
const noTime = fc.constantFrom(undefined, null, "2026-02-03", true, 0, -7, [], {});

const timed = fc
  .record({
    started: fc.option(time, { nil: undefined }),
    acts: fc.record(
      { lastInteractionAt: time, lastActivityAt: time, startedAt: time, endedAt: time },
      { requiredKeys: [] },
    ),
    updatedAt: fc.option(time, { nil: undefined }),
    wrong: fc.record(
      { lastInteractionAt: noTime, lastActivityAt: noTime, sessionStartedAt: noTime, updatedAt: noTime },
      { requiredKeys: [] },
    ),
  })
  .map(({ started, acts, updatedAt, wrong }) => {
    const lasts = Object.values(acts);
    const last = lasts.length === 0 ? updatedAt : Math.max(...lasts);
    const right = {
      ...(started === undefined ? {} : { sessionStartedAt: started }),
      ...(updatedAt === undefined ? {} : { updatedAt }),
      ...acts,
    };
    return { entry: { ...wrong, ...right }, startedAtMs: started, activeAtMs: last ?? started };
  });

const status = fc.constantFrom<{ readonly entry: object; readonly hasFailed: boolean }>(
  { entry: {}, hasFailed: false },
  { entry: { status: "done" }, hasFailed: false },
  { entry: { status: "running" }, hasFailed: false },
  { entry: { status: "killed" }, hasFailed: false },
  { entry: { status: "failed" }, hasFailed: true },
  { entry: { status: "timeout" }, hasFailed: true },
  { entry: { status: ["failed"] }, hasFailed: false },
);
const pinned = fc.constantFrom<{ readonly entry: object; readonly isPinned: boolean }>(
  ...Array.from({ length: 6 }, () => ({ entry: {}, isPinned: false })),
  { entry: { pinnedAt: null }, isPinned: false },
  { entry: { pinned: false }, isPinned: false },
  { entry: { pinnedAt: NOW_MS }, isPinned: true },
  { entry: { pinned: true }, isPinned: true },
);
const company = fc.constantFrom<{ readonly entry: object; readonly isShared: boolean }>(
  ...Array.from({ length: 8 }, () => ({ entry: {}, isShared: false })),
  { entry: { chatType: "direct" }, isShared: false },
  { entry: { chatType: 7, groupId: null }, isShared: false },
  { entry: { chatType: "group" }, isShared: true },
  { entry: { chatType: "channel" }, isShared: true },
  { entry: { chatType: " Group" }, isShared: true },
  { entry: { origin: { chatType: "thread" } }, isShared: true },
  { entry: { groupId: "-5" }, isShared: true },
);
/** What the host notes of its own sessions; whoever writes in them is as much to be protected. */
const owner = fc.constantFrom<object>(
  ...Array.from({ length: 6 }, () => ({})),
  { acp: { backend: "x" } },
  { heartbeatIsolatedBaseSessionKey: "agent:main:main" },
);

const madeRow: fc.Arbitrary<MadeRow> = fc
  .record({
    keyed,
    timed,
    status,
    pinned,
    company,
    owner,
    transcript: fc.constantFrom<TranscriptState>("present", "present", "missing", "empty", "corrupt", "none", "unsafe"),
    isLocked: fc.constantFrom(false, false, false, true),
  })
  .map((made) => ({
    ...made.keyed,
    entry: { ...made.timed.entry, ...made.status.entry, ...made.pinned.entry, ...made.company.entry, ...made.owner },
    isShared: made.keyed.isShared || made.company.isShared,
    isPinned: made.pinned.isPinned,
    hasFailed: made.status.hasFailed,
    startedAtMs: made.timed.startedAtMs,
    activeAtMs: made.timed.activeAtMs,
    transcript: made.transcript,
    isLocked: made.isLocked,
  }));

/** A store's rows; no key is there twice. */
export const madeRows = fc.uniqueArray(madeRow, { selector: ({ key }) => key, maxLength: 25, size: "max" });

const hours = fc.option(fc.integer({ min: 1, max: 200 }), { nil: undefined });
const inMs = (some: number | undefined) => (some === undefined ? undefined : some * HOUR_MS);

/** Rules, each of them in every second case, alone or with others; the active keys are some of the store's own. */
export const rulesFor = (rows: readonly MadeRow[]): fc.Arbitrary<CollectionRules> =>
  fc
    .record({
      maxAge: hours,
      idle: hours,
      errors: fc.boolean(),
      missing: fc.boolean(),
      dmScope: fc.boolean(),
      maxPerAgent: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
      activeKeys: fc.subarray(
        rows.map(({ key }) => key),
        { maxLength: Math.min(2, rows.length) },
      ),
      respell: spelling,
    })
    .map(({ maxAge, idle, activeKeys, respell, ...rules }) => ({
      ...rules,
      maxAgeMs: inMs(maxAge),
      idleMs: inMs(idle),
      activeKeys: activeKeys.map((key) => respell(key)),
    }));
