/** Rows that are one conversation, at the real gateway: how they come about, and what becomes of them at a boot. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ActionView, DoctorView, ShowView } from "../../src/operate/views.ts";
import { stageEntryWriter } from "../support/entry-writer.ts";
import { needs } from "../support/needs.ts";
import { answer, RestartedGateway } from "../support/restarted-gateway.ts";
import { copySession, readSessionEntries, readTranscript } from "../support/state-store.ts";
import { hangForever } from "../support/stub-model.ts";
import { DoctorSchema, expectShape, ShowSchema } from "../support/view-schemas.ts";
import { waitFor } from "../support/wait.ts";

const MAIN = "agent:main:telegram";

/**
 * Three chats were cut off. Then the operator changed how keys are made, and two of their users wrote again, before a second
 * crash: each has two rows now, and the host would resume both.
 */
const toTwoRows = needs("first-message-kept");
describe("chats that have two rows since the operator changed `session.dmScope` and linked a user", toTwoRows, () => {
  const OLD = [`${MAIN}:direct:101`, `${MAIN}:direct:102`];
  const NEW = [`${MAIN}:default:direct:101`, `${MAIN}:default:direct:alice`];
  const session = { dmScope: "per-account-channel-peer", identityLinks: { alice: ["telegram:102"] } };
  let restarted: RestartedGateway;

  beforeAll(async () => {
    restarted = await RestartedGateway.prepare({ chats: 3, extra: { session }, behaviour: hangForever });
    await restarted.boot({ withoutPlugin: true });
    const { botApi, model } = restarted;
    await botApi.waitForPoll({ timeoutMs: 30_000 });
    for (const chatId of [101, 102]) botApi.userSays({ chatId, text: `Are you there? [chat ${chatId}]` });
    await model.waitForRequests(2, 60_000, ({ lastUserText }) => lastUserText.includes("Are you there?"));
    await restarted.stop("SIGKILL");
    model.reset();
    model.behaviour = answer;
    await restarted.boot();
  });
  afterAll(() => restarted[Symbol.asyncDispose]());

  it("are resumed once and answered once, in the row that was active last", async () => {
    await restarted.waitForReplies(1, 60_000);
    // A reply is with its user before its resume is settled.
    await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 3);
    expect(restarted.chats.map((chat) => restarted.repliesTo(chat).length)).toEqual([1, 1, 1]);
    // One that was cut off for a user is asked again, in the same row; it is answered once.
    const answered = restarted.requests().filter(({ isResume, outcome }) => isResume && outcome === "answered");
    expect([answered.length, new Set(answered.map(({ chat }) => chat))]).toEqual([3, new Set([101, 102, 103])]);
    const resumed = new Set<unknown>([...NEW, `${MAIN}:direct:103`]);
    const log = restarted.log();
    const started = log.filter(({ step }) => step === "started").map(({ sessionKey }) => sessionKey);
    expect(new Set(started)).toEqual(resumed);
    const completed = log.filter(({ step, outcome }) => step === "settled" && outcome === "completed");
    expect([completed.length, new Set(completed.map(({ sessionKey }) => sessionKey))]).toEqual([3, resumed]);
  });

  it("keep both rows and both transcripts", () => {
    const keys = [...restarted.entries().keys()];
    expect(keys.toSorted()).toEqual([...OLD, ...NEW, `${MAIN}:direct:103`].toSorted());
    const said = [...OLD, ...NEW].map((key) => JSON.stringify(readTranscript(restarted.stateDir, key)));
    expect(said.map((text) => /Please summarise/.test(text))).toEqual([true, true, false, false]);
    expect(said.map((text) => /Are you there/.test(text))).toEqual([false, false, true, true]);
  });

  it("are explained: the other row is held, and each names both", async () => {
    for (const [index, old] of OLD.entries()) {
      const rows = [NEW[index], old];
      for (const key of rows) {
        const view = expectShape(ShowSchema, await restarted.gateway.call<ShowView>("resumes.show", { key }));
        expect(view.conversation?.rows.map(({ sessionKey }) => sessionKey)).toEqual(rows);
        expect(view.conversation).toMatchObject({ key: NEW[index], kind: "direct", channel: "telegram" });
      }
      const held = await restarted.gateway.call<ShowView>("resumes.show", { key: old });
      expect(held).toMatchObject({
        place: "held",
        boot: { verdict: "hold", reason: "duplicate-of", found: NEW[index] },
      });
    }
  });

  it("are told as split by the doctor and by the metric, with sessions, times and the order they began in", async () => {
    const { splits, findings } = expectShape(
      DoctorSchema,
      await restarted.gateway.call<DoctorView>("resumes.doctor", {}),
    );
    expect(splits.map(({ key, parts }) => [key, ...parts.map(({ sessionKey }) => sessionKey)])).toEqual([
      [NEW[0], OLD[0], NEW[0]],
      [NEW[1], OLD[1], NEW[1]],
    ]);
    for (const { parts } of splits) {
      expect(new Set(parts.map(({ sessionId }) => sessionId)).size).toBe(2);
      expect(parts[0]!.lastUserMessageAtMs).toBeLessThan(parts[1]!.firstUserMessageAtMs!);
      expect(parts.map(({ userMessages }) => userMessages)).toEqual([1, 1]);
    }
    expect(findings.find(({ check }) => check === "conversations")).toMatchObject({ level: "warn" });
    expect((await restarted.metrics()).get("openclaw_resume_split_conversations")).toBe(2);
  });

  it("tell the log neither key", () => {
    expect(
      restarted
        .log()
        .map((line) => JSON.stringify({ ...line, sessionKey: undefined }))
        .join("\n"),
    ).not.toMatch(/direct:(101|102|alice)/);
  });

  it("are not resumed twice by whoever resumes all that is held", async () => {
    const { done, refused } = await restarted.gateway.call<ActionView>("resumes.resume", { allHeld: true });
    expect(done).toEqual([]);
    expect(refused.map(({ sessionKey, reason }) => [sessionKey, reason])).toEqual(OLD.map((key) => [key, "duplicate"]));
  });

  it(
    "let the other row be once their user continues the conversation, also after a restart",
    { tags: "long" },
    async () => {
      const placeOf = async (key: string) => (await restarted.gateway.call<ShowView>("resumes.show", { key })).place;
      await restarted.ask(101);
      expect(JSON.stringify(restarted.model.requests.at(-1)?.messages)).toContain("Are you there");
      expect(await Promise.all(OLD.map(placeOf))).toEqual(["none", "held"]);

      await restarted.stop("SIGTERM");
      await restarted.boot();
      expect(await Promise.all(OLD.map(placeOf))).toEqual(["none", "held"]);
      await restarted.ask(102);
      expect(await Promise.all(OLD.map(placeOf))).toEqual(["none", "none"]);
      expect([...restarted.entries().keys()]).toEqual(expect.arrayContaining([...OLD, ...NEW]));
      expect(restarted.chats.map((chat) => restarted.repliesTo(chat).length)).toEqual([2, 2, 1]);
    },
  );
});

/**
 * The field report: an integration writes to `conversation:pair:...`, some paths of the gateway make `agent:main:...` of it,
 * and one conversation becomes two sessions. What is left of it on 2026.9.6.
 */
describe("a raw key of an integration", { tags: "long" }, () => {
  const RAW = "conversation:pair:user_a::user_b:space:space_123";
  const STORED = `agent:main:${RAW}`;
  let restarted: RestartedGateway;
  const keys = () =>
    readSessionEntries(restarted.stateDir)
      .map(({ sessionKey }) => sessionKey)
      .filter((key) => key.includes(RAW));
  const said = () =>
    readTranscript(restarted.stateDir, STORED).flatMap(({ message }) =>
      message?.role === "user" ? [JSON.stringify(message.content)] : [],
    );

  beforeAll(async () => {
    restarted = await RestartedGateway.start({ chats: 3 });
  });
  afterAll(() => restarted[Symbol.asyncDispose]());

  it("is one session with its stored form, by every way in, in every spelling", async () => {
    const { gateway } = restarted;
    await gateway.chatCompletion({ sessionKey: RAW, text: "one" });
    await gateway.chatCompletion({ sessionKey: RAW.toUpperCase(), text: "two" });
    await gateway.chatCompletion({ sessionKey: STORED, text: "three" });
    for (const [index, sessionKey] of [RAW, STORED].entries()) {
      await gateway.call("chat.send", { sessionKey, message: `four-${index}`, idempotencyKey: `send-${index}` });
      await waitFor(() => said().some((text) => text.includes(`four-${index}`)), {
        timeoutMs: 20_000,
        what: "the message",
      });
    }
    expect(keys()).toEqual([STORED]);
    expect(said().map((text) => /one|two|three|four-\d/.exec(text)?.[0])).toEqual([
      "one",
      "two",
      "three",
      "four-0",
      "four-1",
    ]);
  });

  it(
    "is stored in that form when a plugin writes it, and a row that an older host has left is taken away at a start",
    needs("sqlite-sessions"),
    async () => {
      await restarted.stop("SIGTERM");
      copySession(restarted.stateDir, STORED, [RAW]);
      expect(keys()).toEqual([STORED, RAW].toSorted());
      const fields = "{ sessionId: 'raw-session', updatedAt: Date.now(), status: 'running' }";
      await restarted.boot({ beside: [stageEntryWriter([{ sessionKey: `${RAW}-2`, fields, create: true }])] });
      expect(keys()).toEqual([STORED, `${STORED}-2`]);
      const view = await restarted.gateway.call<DoctorView>("resumes.doctor", {});
      expect(view.splits).toEqual([]);
    },
  );
});
