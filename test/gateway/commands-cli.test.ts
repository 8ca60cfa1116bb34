import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ShowView } from "../../src/operate/views.ts";
import type { CrashedChat } from "../support/crashed-state.ts";
import { hostEnv, OPENCLAW_MJS, PROJECT_ROOT } from "../support/gateway.ts";
import { saidIn } from "../support/history-tests.ts";
import { testedHost } from "../support/hosts.ts";
import { type CommandResult, openclaw } from "../support/openclaw.ts";
import { RestartedGateway, resumesHang } from "../support/restarted-gateway.ts";
import type { ModelBehaviour, ModelRequest } from "../support/stub-model.ts";
import {
  ActionSchema,
  DoctorSchema,
  expectShape,
  FailureSchema,
  PauseSchema,
  PlanSchema,
  ShowSchema,
  StatusSchema,
} from "../support/view-schemas.ts";
import { waitFor, within } from "../support/wait.ts";

/**
 * Every command of `openclaw resumes`, in a process of its own, on one gateway that is restarted twice and then stopped.
 * The tests tell one story: each starts from what the one before has left.
 */
const HOUR_MS = 3_600_000;
const SETTINGS = { lane: { quietMs: 300 }, resume: { timeoutMs: 600_000 } };

let restarted: RestartedGateway;
/** Held from the start, because it is stale. */
let stale: CrashedChat;
/** Admitted, but too stale for `config/laptop.json5`: the last in the queue. */
let drowsy: CrashedChat;
/** What runs and what is queued at the start, in this order. */
let running: CrashedChat[];
let queued: CrashedChat[];
/** What the tests do with them. */
let heldChat: CrashedChat;
let discardedChat: CrashedChat;
let discardedWhileRunning: CrashedChat;

beforeAll(async () => {
  restarted = await RestartedGateway.start({
    behaviour: resumesHang,
    ages: { 101: 3 * HOUR_MS, 108: 0.7 * HOUR_MS },
    settings: SETTINGS,
  });
  stale = restarted.chat(101);
  drowsy = restarted.chat(108);
  await restarted.waitForResumes(2);
  const view = await status();
  const chatsOf = (items: readonly { sessionKey: string }[]) =>
    items.map(({ sessionKey }) => restarted.chats.find((chat) => chat.sessionKey === sessionKey)!);
  running = chatsOf(view.running);
  queued = chatsOf(view.queue);
  [heldChat, discardedChat] = queued as [CrashedChat, CrashedChat];
  [, discardedWhileRunning] = running as [CrashedChat, CrashedChat];
});
afterAll(() => restarted?.[Symbol.asyncDispose]());

const resumes = (...args: string[]): Promise<CommandResult> => openclaw(restarted.stateDir, ["resumes", ...args]);

/** A command that must succeed, and the JSON that it prints. */
async function json(...args: string[]): Promise<unknown> {
  const result = await resumes(...args, "--json");
  expect({ code: result.code, stderr: result.stderr }, result.stdout).toEqual({ code: 0, stderr: "" });
  return result.json();
}

/** A command that must succeed, and what it prints for people. */
async function text(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await resumes(...args);
  expect(code, stderr).toBe(0);
  expect(stdout, "colours are for terminals").not.toContain("\u{1b}");
  return stdout;
}

const ask = (method: string, params: Record<string, unknown> = {}): Promise<unknown> =>
  restarted.gateway.call(`resumes.${method}`, params);
const status = async () => expectShape(StatusSchema, await ask("status"));
const show = async (chat: CrashedChat): Promise<ShowView> =>
  expectShape(ShowSchema, await ask("show", { key: chat.sessionKey }));
const keysOf = (items: readonly { sessionKey: string }[]): string[] => items.map(({ sessionKey }) => sessionKey);

const entryOf = (chat: CrashedChat) => restarted.entries().get(chat.sessionKey)!;
const requestsFor = (chat: CrashedChat): ModelRequest[] =>
  restarted.model.requests.filter((request) => request.chat === chat.chatId);
const openRequestsFor = (chat: CrashedChat): ModelRequest[] =>
  requestsFor(chat).filter(({ outcome }) => outcome === undefined);

const waitUntil = (what: string, look: () => boolean | Promise<boolean>): Promise<boolean> =>
  waitFor(look, {
    timeoutMs: 30_000,
    what,
    lastState: () => `${restarted.model.describe()}\n${restarted.gateway.logTail()}`,
  });
const waitUntilAtModel = (chat: CrashedChat) =>
  waitUntil(`chat ${chat.chatId} at the model`, () => openRequestsFor(chat).length === 1);

const reply: ModelBehaviour = ({ chat }) => ({ kind: "reply", text: `Resumed [chat ${chat}]` });
/** The model answers this chat; its user gets the answer, once. */
async function answerAtModel(chat: CrashedChat): Promise<void> {
  expect(restarted.model.release(reply, (request) => request.chat === chat.chatId)).toBe(1);
  await waitUntil(`an answer in chat ${chat.chatId}`, () => restarted.repliesTo(chat).length > 0);
  await waitUntil(`chat ${chat.chatId} is settled`, async () => (await show(chat)).place === "none");
  expect(restarted.repliesTo(chat)).toEqual([`Resumed [chat ${chat.chatId}]`]);
}

const done = (action: string, now: string, ...chats: CrashedChat[]) => ({
  action,
  done: chats.map(({ agentId, sessionKey }) => ({ agentId, sessionKey, now })),
  refused: [],
});

describe("reading", () => {
  it("status: as JSON, and as one screen", async () => {
    const [view, screen] = await Promise.all([json("status"), text("status")]);
    expect(expectShape(StatusSchema, view)).toMatchObject({
      state: "active",
      budget: { slots: 2, used: 2 },
      running: running.map(({ sessionKey }) => ({ sessionKey, timeoutMs: 600_000 })),
      queue: queued.map(({ sessionKey }, index) => ({ sessionKey, position: index + 1, reason: "interrupted" })),
      held: [{ sessionKey: stale.sessionKey, reason: "idle-too-long" }],
      totals: { verdicts: { admit: 7, hold: 1, retire: 0, leave: 0 } },
      settingsErrors: [],
    });
    for (const words of ["2 of 2 slots used", "Running: 2", "Queued: 5", "Held: 1 (idle-too-long 1)"]) {
      expect(screen).toContain(words);
    }
    for (const { sessionKey } of restarted.chats) expect(screen).toContain(sessionKey);
  });

  it("status --watch: again and again, until Ctrl-C", { tags: "long" }, async () => {
    const args = [OPENCLAW_MJS, "resumes", "status", "--watch", "--interval", "0.2"];
    const child = spawn(process.execPath, args, {
      cwd: restarted.stateDir,
      env: hostEnv(restarted.stateDir),
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      let shown = "";
      child.stdout.on("data", (chunk: Buffer) => (shown += chunk.toString("utf8")));
      const ended = new Promise<unknown>((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
      await waitUntil("three screens", () => shown.split("0 of 7 finished (0 %)").length > 3);
      child.kill("SIGINT");
      expect(await within(ended, 10_000, "the end of the watch")).toEqual({ code: 0, signal: null });
      expect(shown.match(/Running: 2/g)?.length).toBeGreaterThanOrEqual(3);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("plan: what this boot said, as JSON and as a table", { tags: "long" }, async () => {
    const [view, table] = await Promise.all([json("plan"), text("plan")]);
    const plan = expectShape(PlanSchema, view);
    expect(plan).toEqual(await ask("plan"));
    expect(plan).toMatchObject({ of: "boot", source: "gateway", totals: { admit: 7, hold: 1 } });
    expect(keysOf(plan.sessions)).toEqual(keysOf([...running, ...queued, stale]));
    expect(plan.sessions.at(-1)).toMatchObject({ reason: "idle-too-long", rule: "filter.idleHours", limit: HOUR_MS });
    expect(plan.sessions.at(-1)!.found).toBeGreaterThan(3 * HOUR_MS);
    expect(table).toMatch(
      new RegExp(`^hold +idle-too-long +${stale.sessionKey} +3h.* +1h +filter.idleHours( +\\d+)?$`, "m"),
    );
  });

  it(
    "plan --now and plan --config: a restart this minute, by these settings and by others",
    { tags: "long" },
    async () => {
      const laptop = path.join(PROJECT_ROOT, "config/laptop.json5");
      const [now, tried] = await Promise.all([json("plan", "--now"), json("plan", "--config", laptop)]);
      const verdictOn = (plan: unknown, chat: CrashedChat) => {
        const { of, sessions } = expectShape(PlanSchema, plan);
        expect([of, sessions.length]).toEqual(["now", 8]);
        const { verdict, reason, limit } = sessions.find(({ sessionKey }) => sessionKey === chat.sessionKey)!;
        return { verdict, reason, limit };
      };
      for (const plan of [now, tried]) {
        expect(verdictOn(plan, stale)).toMatchObject({ verdict: "hold", reason: "held-earlier" });
        expect(verdictOn(plan, running[0]!)).toMatchObject({ verdict: "admit", reason: "claimed-earlier" });
      }
      expect(verdictOn(now, drowsy)).toMatchObject({ verdict: "admit", reason: "claimed-earlier" });
      expect(verdictOn(tried, drowsy)).toEqual({ verdict: "hold", reason: "idle-too-long", limit: HOUR_MS / 2 });
    },
  );

  it("show: one session, as JSON and as a page", { tags: "long" }, async () => {
    const [view, page] = await Promise.all([json("show", stale.sessionKey), text("show", stale.sessionKey)]);
    const shown = expectShape(ShowSchema, view);
    const shortened = expectShape(ShowSchema, await ask("show", { key: "telegram:direct:101" }));
    expect(shown).toMatchObject({
      sessionKey: stale.sessionKey,
      source: "gateway",
      session: { kind: "direct", chat: "direct", channel: "telegram", status: "killed" },
      conversation: { key: stale.sessionKey, peer: "101", rows: [{ sessionKey: stale.sessionKey }] },
      transcript: { state: "ok", endsWith: "unanswered", failures: 0 },
      place: "held",
      boot: { verdict: "hold", reason: "idle-too-long", limit: HOUR_MS },
      now: { verdict: "hold", reason: "held-earlier" },
      record: { phase: "settled", outcome: "held", reason: "idle-too-long", attempts: 0 },
      history: [{ what: "judged", detail: { kind: "hold", reason: "idle-too-long" } }],
    });
    const { sessionKey: shortKey, history } = shortened;
    expect({ shortKey, history }, "by its short key").toEqual({ shortKey: stale.sessionKey, history: shown.history });
    expect(page).toContain(`id                ${shown.session.sessionId}`);
    expect(page).toMatch(/^ verdict +hold: idle-too-long$/m);
    expect(JSON.stringify(view) + page, "no message text").not.toContain("summarise");
  });

  it("doctor: the installation works, as JSON and as a list", { tags: "long" }, async () => {
    const [view, list] = await Promise.all([json("doctor"), text("doctor")]);
    const { source, findings } = expectShape(DoctorSchema, view);
    expect(source).toBe("gateway");
    expect(findings.filter(({ level }) => level !== "ok").map(({ check }) => check)).toEqual([
      // Nobody has written yet, and nobody is an owner.
      "conversation-access",
      "chat-command",
    ]);
    for (const { level, check } of findings) expect(list).toMatch(new RegExp(`^${level} +${check} `, "m"));
    expect(list).toMatch(/^ +fix: set commands.ownerAllowFrom/m);
  });
});

describe("refusing", () => {
  it("says why, with an exit code of its own, and changes nothing", async () => {
    const broken = path.join(restarted.stateDir, "broken.json5");
    fs.writeFileSync(broken, "{\n  budget: {,\n}\n");
    const before = { entries: restarted.entries(), requests: restarted.model.requests.length };
    const failures = [
      { args: ["hold", "telegram:direct:10"], code: 3, type: "unknown-session", message: /did you mean .*:101, / },
      { args: ["plan", "--config", broken], code: 2, type: "config-file", message: /broken\.json5:2:12: / },
      { args: ["pause", "--token", "not-it"], code: 4, type: "not-allowed", message: /--token/ },
    ] as const;
    await twoAtOnce(failures, async ({ args, code, type, message }) => {
      const result = await resumes(...args, "--json");
      expect(result.code, result.stdout + result.stderr).toBe(code);
      expect(expectShape(FailureSchema, result.json()).error).toMatchObject({ type, message });
    });
    const refused = await resumes("hold", stale.sessionKey, "--json");
    expect(refused.code, refused.stdout + refused.stderr).toBe(3);
    expect(expectShape(ActionSchema, refused.json())).toMatchObject({
      done: [],
      refused: [{ sessionKey: stale.sessionKey, reason: "already-held" }],
    });
    expect({ entries: restarted.entries(), requests: restarted.model.requests.length }).toEqual(before);
    expect((await status()).lane.pausedSinceMs).toBe(null);
  });
});

describe("changing", () => {
  it("hold: a queued session stays where it is", async () => {
    const view = expectShape(ActionSchema, await json("hold", heldChat.sessionKey));
    expect(view).toEqual(done("hold", "held", heldChat));
    const { held, queue } = await status();
    expect(held).toContainEqual(expect.objectContaining({ sessionKey: heldChat.sessionKey, reason: "by-operator" }));
    expect(keysOf(queue)).not.toContain(heldChat.sessionKey);
    expect(await show(heldChat)).toMatchObject({ place: "held", position: null, now: { reason: "held-earlier" } });
    expect(entryOf(heldChat)).toMatchObject({ status: "killed", abortedLastRun: false });
  });

  it("discard: a queued session never runs, a running one is cut off for good", async () => {
    const chats = [discardedChat, discardedWhileRunning];
    const said = () => chats.map(({ sessionKey }) => saidIn(restarted.stateDir, sessionKey));
    const before = said();
    const view = expectShape(ActionSchema, await json("discard", discardedChat.sessionKey));
    expect(view).toEqual(done("discard", "discarded", discardedChat));
    expect(openRequestsFor(discardedWhileRunning)).toHaveLength(1);
    const answer = await ask("discard", { key: discardedWhileRunning.sessionKey });
    expect(answer).toEqual(done("discard", "discarded", discardedWhileRunning));
    expect(requestsFor(discardedWhileRunning).map(({ outcome }) => outcome)).toEqual(["aborted"]);
    // Its slot goes to the first in the queue that may run: not to the held one, not to the discarded one.
    await waitUntilAtModel(queued[2]!);
    expect(requestsFor(heldChat)).toEqual([]);
    for (const chat of chats) {
      expect(await show(chat)).toMatchObject({ place: "none", record: null, now: null });
      expect(entryOf(chat)).toMatchObject({ status: "killed" });
      expect(await ask("resume", { key: chat.sessionKey })).toMatchObject({ refused: [{ reason: "not-claimed" }] });
    }
    expect(said()).toEqual(before);
  });

  it("resume: the stale held session is the next at the model, and its user gets one answer", async () => {
    const view = expectShape(ActionSchema, await json("resume", stale.sessionKey));
    expect(view).toEqual(done("resume", "queued", stale));
    const { queue, held } = await status();
    expect(queue[0]).toMatchObject({ sessionKey: stale.sessionKey, requested: true, reason: "requested", attempts: 0 });
    expect(keysOf(held)).toEqual([heldChat.sessionKey]);
    await answerAtModel(running[0]!);
    await waitUntilAtModel(stale);
    expect(requestsFor(queued[3]!)).toEqual([]);
    await answerAtModel(stale);
    expect(entryOf(stale)).toMatchObject({ status: "done" });
    await waitUntilAtModel(queued[3]!);
  });

  it("pause: nothing starts, what runs goes on", async () => {
    const { pausedSinceMs } = expectShape(PauseSchema, await json("pause"));
    expect(await status()).toMatchObject({
      lane: { pausedSinceMs, waitingFor: "operator" },
      queue: [{ sessionKey: drowsy.sessionKey }],
    });
    await answerAtModel(queued[2]!);
    expect(await status()).toMatchObject({ budget: { slots: 2, used: 1 }, queue: [{ sessionKey: drowsy.sessionKey }] });
    expect(await ask("pause"), "a second one").toEqual({ pausedSinceMs });
  });

  it("release: the host has the session again, and recovers it at its next start; the pause outlives that", async () => {
    const released = queued[3]!;
    const { lane } = await status();
    const view = expectShape(ActionSchema, await json("release", released.sessionKey));
    expect(view).toEqual(done("release", "released", released));
    expect(requestsFor(released).map(({ outcome }) => outcome)).toEqual(["aborted"]);
    // By which of them the host knows it.
    const abortedLastRun = !testedHost().features.has("sqlite-sessions");
    expect(entryOf(released)).toMatchObject({ status: "running", abortedLastRun });
    expect(await show(released)).toMatchObject({ place: "released", now: { verdict: "leave", reason: "released" } });

    await restartAndRecover(released);
    expect(await status()).toMatchObject({
      lane: { pausedSinceMs: lane.pausedSinceMs, waitingFor: "operator" },
      queue: [{ sessionKey: drowsy.sessionKey, reason: "claimed-earlier" }],
      running: [],
      held: [{ sessionKey: heldChat.sessionKey }],
    });
  });

  it("unpause: resumes start again, and not before", async () => {
    const before = Date.now();
    expect(expectShape(PauseSchema, await json("unpause"))).toEqual({ pausedSinceMs: null });
    await waitUntilAtModel(drowsy);
    expect(requestsFor(drowsy).map(({ atMs }) => atMs > before)).toEqual([true]);
    // The other slot is free, and what is held has not taken it.
    expect(await status()).toMatchObject({
      budget: { slots: 2, used: 1 },
      queue: [],
      held: [{ reason: "by-operator" }],
    });
    expect(requestsFor(heldChat)).toEqual([]);
  });

  it("resume --all-held: what was held runs", async () => {
    const view = expectShape(ActionSchema, await json("resume", "--all-held"));
    expect(view).toEqual(done("resume", "queued", heldChat));
    await waitUntilAtModel(heldChat);
    expect(await status()).toMatchObject({ held: [], budget: { used: 2 } });
  });

  it("release --all: the host recovers all of them, each once", { tags: "long" }, async () => {
    const view = expectShape(ActionSchema, await json("release", "--all"));
    expect(keysOf(view.done).toSorted()).toEqual(keysOf([heldChat, drowsy]).toSorted());
    expect(view.refused).toEqual([]);
    expect(restarted.model.running).toBe(0);
    expect(await status()).toMatchObject({ queue: [], running: [], held: [] });
    await restartAndRecover(heldChat, drowsy);
    expect(await status()).toMatchObject({ queue: [], running: [], held: [], totals: { verdicts: { leave: 2 } } });
  });

  it("in the end each user has one answer, and those of discarded sessions and of what still runs none", () => {
    const discarded = [discardedChat, discardedWhileRunning];
    for (const chat of restarted.chats) {
      const hasNone = discarded.includes(chat) || openRequestsFor(chat).length > 0;
      const expected = hasNone ? [] : answersOf(chat);
      expect(restarted.repliesTo(chat), restarted.describeReplies()).toEqual(expected);
    }
    expect(requestsFor(discardedChat)).toEqual([]);
    expect(requestsFor(discardedWhileRunning)).toHaveLength(1);
  });
});

/** Those that the host does not go on with: it has told their users so. */
const givenUp = new Set<CrashedChat>();

/**
 * Whether the host has finished the chat's turn. Where a cancelled run leaves a broken-off answer behind, the host may find
 * that it cannot go on from there, and then says so to the user.
 */
function isFinished(chat: CrashedChat): boolean {
  const ended = entryOf(chat)["status"];
  const isGivenUp = ended === "failed" && !testedHost().features.has("silent-runs");
  if (isGivenUp && restarted.botApi.replies(chat.chatId, { token: chat.token }).length > 0) givenUp.add(chat);
  return givenUp.has(chat) || (ended === "done" && restarted.repliesTo(chat).length > 0);
}

const answersOf = (chat: CrashedChat) => (givenUp.has(chat) ? [] : [`Resumed [chat ${chat.chatId}]`]);

/** Restarts the gateway; the host, and not the plugin, answers these chats. */
async function restartAndRecover(...chats: CrashedChat[]): Promise<void> {
  await restarted.stop("SIGTERM");
  const isTheirs = ({ chat }: ModelRequest) => chats.some(({ chatId }) => chatId === chat);
  restarted.model.behaviour = (request) => (isTheirs(request) ? reply(request) : resumesHang(request));
  await restarted.boot();
  await waitUntil("the host's recovery", () => chats.every(isFinished));
  for (const chat of chats) expect(restarted.repliesTo(chat)).toEqual(answersOf(chat));
  const ours = restarted.log().filter(({ sessionKey }) => chats.some((chat) => chat.sessionKey === sessionKey));
  expect(ours.map(({ msg, verdict, reason }) => [msg, verdict, reason])).toEqual(
    chats.map(() => ["judged", "leave", "released"]),
  );
}

describe("with the gateway down", () => {
  it("plan, show and doctor read the store and say so; the others exit with 5", { tags: "long" }, async () => {
    const plan = expectShape(PlanSchema, await ask("plan"));
    await restarted.stop("SIGTERM");
    const reads = [
      async () => {
        const result = await resumes("plan", "--json");
        expect(result.code).toBe(0);
        expect(expectShape(PlanSchema, result.json())).toEqual({ ...plan, source: "store" });
      },
      async () => {
        const { code, stdout, stderr } = await resumes("show", stale.sessionKey);
        expect(code, stderr).toBe(0);
        expect(stderr).toMatch(/^note: .*: this is read from its store$/m);
        const steps = [...stdout.matchAll(/^ \S+T\S+ +(\w+)/gm)].map(([, what]) => what);
        expect(steps, stdout).toEqual(["judged", "asked", "started", "ended", "settled"]);
      },
      async () => expect(expectShape(DoctorSchema, await json("doctor")).source).toBe("store"),
    ];
    await twoAtOnce(reads, (read) => read());
    const other = await resumes("pause", "--json");
    expect(other.code, other.stdout + other.stderr).toBe(5);
    expect(expectShape(FailureSchema, other.json()).error.type).toBe("gateway-unreachable");
  });
});

/** Each command is a process that is busy for seconds: two at a time, and no more. */
async function twoAtOnce<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await work(next);
  };
  await Promise.all([worker(), worker()]);
}
