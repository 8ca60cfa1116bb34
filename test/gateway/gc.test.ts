import { expect, it } from "vitest";
import type { ResumeRecord } from "../../src/domain/record.ts";
import type { ShowView, StatusView } from "../../src/operate/views.ts";
import { RecordStore } from "../../src/record/record-store.ts";
import { editSettings } from "../support/edit-settings.ts";
import { openclaw } from "../support/openclaw.ts";
import { RestartedGateway } from "../support/restarted-gateway.ts";
import { copySession, editSessionEntry, readSessionEntries, readTranscript } from "../support/state-store.ts";
import { expectShape, GcAnswerSchema } from "../support/view-schemas.ts";
import { waitFor } from "../support/wait.ts";
import { record } from "../unit/support/makers.ts";

/**
 * Eight chats were cut off; seven of them 20 days ago, and they are held since, as gateways of ours have left them. One
 * gateway retires what is due, first because it is asked to and then by itself; the next has nothing to do with them.
 */
const DAY_MS = 24 * 3_600_000;
const keyOf = (chatId: number) => `agent:main:telegram:direct:${chatId}`;

/** For how many days each is held, and why. */
const HELD: readonly (readonly [chatId: number, days: number, reason: string, over?: Partial<ResumeRecord>])[] = [
  [101, 15, "too-old"],
  [102, 4, "permanent-error"],
  [103, 4, "too-old"],
  [104, 18, "too-old"],
  // By a version that did not note since when.
  [105, 16, "idle-too-long", { heldSinceMs: undefined }],
  [106, 17, "delivery-failed"],
  [107, 2, "permanent-error"],
];
const RETIRED = [101, 102, 105].map(keyOf);
/** What the table says of each: in the order of the time that they are held. */
const TABLE = [
  "protect 104 18d direct pinned present",
  "protect 106 17d direct reply-owed present",
  "retire 105 16d direct idle-too-long present",
  "retire 101 15d direct too-old present",
  "retire 102 4d direct permanent-error present",
  "keep 103 4d direct too-old present",
  "keep 107 2d direct permanent-error present",
];
/** A row without a transcript, which no turn was cut off in. */
const EMPTY = keyOf(501);

function leaveHeld(stateDir: string): void {
  const entries = new Map(readSessionEntries(stateDir).map(({ sessionKey, entry }) => [sessionKey, entry]));
  const records = RecordStore.open(stateDir);
  for (const [chatId, days, reason, over] of HELD) {
    const sessionKey = keyOf(chatId);
    const atMs = Date.now() - days * DAY_MS;
    const { sessionId = "", sessionStartedAt: sessionStartedAtMs } = entries.get(sessionKey) ?? {};
    const held = { phase: "settled", outcome: "held", reason, claimedAtMs: atMs, heldSinceMs: atMs } as const;
    records.put(record({ agentId: "main", sessionKey, sessionId, sessionStartedAtMs, ...held, ...over }));
  }
  records.close();
  editSessionEntry(stateDir, keyOf(104), { pinnedAt: Date.now() });
  copySession(stateDir, keyOf(108), [EMPTY]);
  editSessionEntry(stateDir, EMPTY, { status: "done", abortedLastRun: false });
}

it(
  "retires what was held for too long: rows and transcripts stay, no restart brings it back, its user goes on",
  { tags: "long", timeout: 240_000 },
  async () => {
    const ages = Object.fromEntries(HELD.map(([chatId]) => [chatId, 20 * DAY_MS]));
    await using restarted = await RestartedGateway.start({
      ages,
      prepare: leaveHeld,
      settings: { lane: { quietMs: 300 } },
    });
    const { stateDir, gateway } = restarted;
    const held = async () => (await gateway.call<StatusView>("resumes.status", {})).held.map((one) => one.sessionKey);
    const gc = async (...args: string[]) => {
      const result = await openclaw(stateDir, ["resumes", "gc", ...args]);
      expect({ code: result.code, stderr: result.stderr }, result.stdout).toEqual({ code: 0, stderr: "" });
      return result;
    };
    await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 1);

    /** Rows, with all that the host keeps of them, and transcripts. */
    const stored = () => {
      const entries = restarted.entries();
      const keys = HELD.map(([chatId]) => keyOf(chatId));
      return new Map(keys.map((key) => [key, { entry: entries.get(key), transcript: readTranscript(stateDir, key) }]));
    };
    const before = stored();
    expect((await held()).toSorted()).toEqual(HELD.map(([chatId]) => keyOf(chatId)));

    // The host's own command, below our table: its dry run.
    const shown = (await gc("--cleanup")).stdout;
    const [, ...lines] = shown.slice(0, shown.indexOf("\n\n")).split("\n");
    expect(lines.map((line) => line.replace("agent:main:telegram:direct:", "").replaceAll(/ {2,}/g, " "))).toEqual(
      TABLE,
    );
    expect(shown).toContain(
      "would be retired: 3 (held for longer than 14d, after a permanent error than 3d), kept: 2, protected: 2\n",
    );
    expect(shown).toContain(
      "removed by the host only: openclaw sessions cleanup --dry-run --fix-missing --agent main\n",
    );
    expect(shown).toContain("Would prune missing transcripts: 1\n");
    expect([(await held()).length, stored()]).toEqual([7, before]);

    const applied = expectShape(GcAnswerSchema, (await gc("--apply", "--active-key", keyOf(105), "--json")).json());
    expect(applied.summary).toMatchObject({
      before: 7,
      after: 5,
      retired: 2,
      kept: 2,
      protected: 3,
    });
    expect(applied.rows).toMatchObject({ agentIds: ["main"], missingTranscripts: 1 });
    expect(await held()).not.toContain(keyOf(101));

    // By itself, once it is told to and nobody is served.
    editSettings(stateDir, { gc: { enabled: true } });
    await waitFor(async () => (await held().catch(() => [])).length === 4, {
      timeoutMs: 60_000,
      what: "four held sessions",
      lastState: () => gateway.logTail(),
    });
    const left = HELD.map(([chatId]) => keyOf(chatId)).filter((key) => !RETIRED.includes(key));
    expect((await held()).toSorted()).toEqual(left);
    await restarted.waitForMetric("held", (value) => value === 4);
    const settled = restarted.log().filter(({ step, outcome }) => step === "settled" && outcome === "retired");
    expect(settled.map(({ sessionKey, reason }) => [sessionKey, reason])).toEqual([
      [keyOf(101), "held-too-long"],
      [keyOf(102), "error-too-long"],
      [keyOf(105), "held-too-long"],
    ]);
    expect(stored()).toEqual(before);
    const view = await gateway.call<ShowView>("resumes.show", { key: keyOf(102) });
    expect(view).toMatchObject({
      place: "none",
      record: null,
      now: null,
      session: { status: "killed", abortedLastRun: false },
    });
    expect(view.history.at(-1)).toMatchObject({
      what: "settled",
      detail: { outcome: "retired", reason: "error-too-long" },
    });

    const requestsBefore = restarted.model.requests.length;
    await restarted.stop("SIGKILL");
    await restarted.boot();
    await restarted.ask(101);
    const judged = restarted.log().filter(({ step, replaced }) => step === "booted" && replaced === undefined);
    expect(judged).toMatchObject([{ claimed: 0, verdicts: { "hold held-earlier": 4 } }]);
    expect(restarted.model.requests.slice(requestsBefore).map(({ chat, isResume }) => [chat, isResume])).toEqual([
      [101, false],
    ]);
    const after = stored();
    for (const key of RETIRED.slice(1)) {
      const [was, is] = [before.get(key), after.get(key)];
      // The host gives rows a name when it starts, and no mark of an interruption.
      expect({ ...is, entry: { ...is?.entry, displayName: undefined } }).toEqual(was);
    }
    const [was, is] = [before.get(keyOf(101))!, after.get(keyOf(101))!];
    expect(is.entry?.["sessionId"]).toBe(was.entry?.["sessionId"]);
    expect(is.transcript.slice(0, was.transcript.length)).toEqual(was.transcript);
    expect(is.transcript.length).toBeGreaterThan(was.transcript.length);
  },
);
