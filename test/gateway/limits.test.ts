import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answer, RestartedGateway } from "../support/restarted-gateway.ts";
import { editSessionEntry } from "../support/state-store.ts";
import { STUB_MODEL_ID } from "../support/stub-model.ts";

const HOUR_MS = 3_600_000;
const OTHER_MODEL = "stub-2";

describe("not every interrupted session is resumed", () => {
  let restarted: RestartedGateway;
  const key = (chatId: number) => restarted.chat(chatId).sessionKey;

  beforeAll(async () => {
    restarted = await RestartedGateway.start({
      // 101 hangs, 102 fails; the rest is answered.
      behaviour: (request) => {
        if (request.isResume && request.chat === 101) return { kind: "hang" };
        if (request.isResume && request.chat === 102) return { kind: "error", status: 400 };
        return answer(request);
      },
      settings: { resume: { timeoutMs: 6_000, retryDelayMs: 500 }, budget: { maxPerBoot: 5 } },
      // 103 is stale by the default hour; 108 is the oldest of the others: one too many.
      ages: { 103: 2 * HOUR_MS, 108: 10 * 60_000 },
      prepare: (stateDir) => {
        // Only the host can finish this one.
        editSessionEntry(stateDir, "agent:main:telegram:direct:104", { modelSelectionLocked: true });
        // Its user has chosen another model.
        const choice = { providerOverride: "stub", modelOverride: OTHER_MODEL, modelOverrideSource: "user" };
        editSessionEntry(stateDir, "agent:main:telegram:direct:105", choice);
      },
      otherModel: OTHER_MODEL,
    });
    await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 3);
    await restarted.waitForMetric('outcomes_total{outcome="held"}', (value) => value === 2);
  });
  afterAll(() => restarted?.[Symbol.asyncDispose]());

  const verdicts = () =>
    Object.fromEntries(
      restarted
        .log()
        .filter(({ msg }) => msg === "judged")
        .map(({ sessionKey, verdict, reason }) => [sessionKey, `${String(verdict)} ${String(reason)}`]),
    );

  it("says of each why", () => {
    expect(verdicts()).toEqual({
      [key(101)]: "admit interrupted",
      [key(102)]: "admit interrupted",
      [key(103)]: "hold idle-too-long",
      [key(104)]: "leave model-selection-locked",
      [key(105)]: "admit interrupted",
      [key(106)]: "admit interrupted",
      [key(107)]: "admit interrupted",
      [key(108)]: "hold over-boot-limit",
    });
  });

  it("cancels a hanging one at its time limit, tries once more and holds it", async () => {
    const metrics = await restarted.metrics();
    expect(metrics.get('openclaw_resume_attempts_total{result="timed-out"}')).toBe(2);
    expect(restarted.model.requests.filter((one) => one.chat === 101).map(({ outcome }) => outcome)).toEqual([
      "aborted",
      "aborted",
    ]);
  });

  it("tries a failing one once more and holds it", async () => {
    expect((await restarted.metrics()).get('openclaw_resume_attempts_total{result="failed"}')).toBe(2);
  });

  it("sends nothing to the chats that were held", () => {
    expect([101, 102, 103, 108].map((chatId) => restarted.repliesTo(restarted.chat(chatId)))).toEqual([[], [], [], []]);
  });

  it("never runs a stale or surplus session, and the host does not either", () => {
    expect(restarted.model.requests.filter(({ chat }) => chat === 103 || chat === 108)).toEqual([]);
    expect(restarted.entries().get(key(103))).toMatchObject({ status: "killed", abortedLastRun: false });
  });

  it("leaves what only the host can finish to the host, which recovers it on main", async () => {
    await restarted.botApi.waitForReply(104, { matching: /chat 104/, timeoutMs: 30_000 });
    expect((await restarted.metrics()).get('openclaw_resume_queue_wait_seconds_count{lane="main"}')).toBe(1);
  });

  it("resumes a session on the model that its user has chosen", () => {
    const modelOf = (chatId: number) => restarted.model.requests.find(({ chat }) => chat === chatId)?.body["model"];
    expect([modelOf(105), modelOf(106)]).toEqual([OTHER_MODEL, STUB_MODEL_ID]);
  });

  it("continues a held session with its user's next message", async () => {
    const held = (await restarted.metrics()).get("openclaw_resume_held")!;
    expect(await restarted.ask(103)).toBeLessThan(5_000);
    expect(await restarted.ask(101)).toBeLessThan(5_000);
    await restarted.waitForMetric("held", (value) => value === held - 2);
    await restarted.waitForMetric('outcomes_total{outcome="superseded"}', (value) => value === 2);
  });

  it("keeps what is held over the next restart, and forgets what its user continued", { tags: "long" }, async () => {
    await restarted.stop("SIGTERM");
    await restarted.boot();
    await restarted.waitForMetric('sessions{verdict="hold",reason="held-earlier"}', (value) => value === 2);
    await restarted.waitForMetric("held", (value) => value === 2);
    expect(restarted.model.requests.filter(({ chat }) => chat === 108)).toEqual([]);
  });
});
