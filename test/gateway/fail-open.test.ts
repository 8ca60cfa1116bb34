import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { DoctorView, StatusView } from "../../src/operate/views.ts";
import { answer, RestartedGateway, resumesHang, USER_MARK } from "../support/restarted-gateway.ts";

/** The host alone resumes one after another on main; each of the stub's answers takes it well under a second. */
const HOST_RECOVERY_MS = 60_000;

async function expectHostRecovery(restarted: RestartedGateway): Promise<void> {
  await restarted.waitForReplies(1, HOST_RECOVERY_MS);
  const own = restarted.log().filter(({ msg }) => msg === "resume started");
  expect(own).toEqual([]);
}

describe("when the plugin does not act, the host recovers as it would without it", () => {
  it("mode observe: judges every session, changes no entry, keeps no record, and measures what users wait for", async () => {
    await using restarted = await RestartedGateway.start({ settings: { mode: "observe" }, behaviour: resumesHang });
    const [recovering] = (await restarted.waitForResumes(1)).map(({ chat }) => chat!);
    const starved = 'starvation_seconds_total{lane="main"}';
    // Whether it is answered is the host's affair: one (2026.8.2) drops what is written while it recovers that session.
    const askedAtMs = restarted.botApi.userSays({
      chatId: recovering!,
      text: `And now? ${USER_MARK} [chat ${recovering}]`,
    });
    await restarted.waitForMetric(starved, (value) => value! > 3);
    const metrics = await restarted.metrics();
    expect(metrics.get('openclaw_resume_sessions{verdict="admit",reason="interrupted"}')).toBe(8);
    expect(metrics.get('openclaw_resume_running{lane="startup-resume"}')).toBe(0);
    expect(metrics.get('openclaw_resume_queue_depth{lane="main"}')).toBe(1);
    expect(metrics.get('openclaw_resume_oldest_waiting_seconds{lane="main"}')).toBeGreaterThan(3);
    expect(metrics.get('openclaw_resume_lane_paused{cause="mode"}')).toBe(1);
    expect(metrics.get('openclaw_resume_state{state="observe"}')).toBe(1);
    const { users, budget } = await restarted.gateway.call<StatusView>("resumes.status", {});
    expect(users.waiting).toBe(1);
    expect(metrics.get('openclaw_resume_budget_slots{state="free"}')).toBe(budget.slots);
    restarted.model.behaviour = answer;
    restarted.model.release(answer);
    await restarted.waitForMetric('queue_depth{lane="main"}', (value) => value === 0);
    const tookMs = Date.now() - askedAtMs;
    const total = async () => (await restarted.metrics()).get(`openclaw_resume_${starved}`)!;
    const ended = await total();
    expect(ended * 1000).toBeLessThan(tookMs);
    await expectHostRecovery(restarted);
    expect(await total()).toBe(ended);
    expect(fs.existsSync(path.join(restarted.stateDir, "resume-scheduler"))).toBe(false);
  });

  it(
    "a session that is left to the host, and whose user wrote while the gateway was down, keeps nobody else waiting",
    { tags: "long" },
    async () => {
      await using restarted = await RestartedGateway.prepare({
        behaviour: (request) => (request.isResume && request.chat === 101 ? resumesHang(request) : answer(request)),
        settings: { lane: { quietMs: 300 }, filter: { sessionKeys: { exclude: ["*:101"] } } },
      });
      restarted.botApi.userSays({ chatId: 101, text: `Are you back? ${USER_MARK} [chat 101]` });
      await restarted.boot();
      await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 7, 60_000);
      // Its own user is known to wait, for the host's recovery and for nothing of ours.
      const starved = 'starvation_seconds_total{lane="main"}';
      await restarted.waitForMetric(starved, (value) => value! > 3);
      const metrics = await restarted.metrics();
      expect(metrics.get('openclaw_resume_queue_depth{lane="main"}')).toBe(1);
      expect(metrics.get('openclaw_resume_running{lane="main"}')).toBe(0);
      expect(metrics.get("openclaw_resume_first_user_reply_seconds")).toBe(0);
      restarted.model.release(answer);
      await restarted.botApi.waitForReply(101, { matching: /Answered/, timeoutMs: 30_000 });
      await restarted.waitForMetric('queue_depth{lane="main"}', (value) => value === 0);
      await restarted.waitForMetric("first_user_reply_seconds", (value) => value! > 3);
    },
  );

  it("start() throws because its store cannot be opened: the gateway is up and every chat is answered", async () => {
    await using restarted = await RestartedGateway.start({
      prepare: (stateDir) => fs.writeFileSync(path.join(stateDir, "resume-scheduler"), "not a folder"),
    });
    await expectHostRecovery(restarted);
    expect(restarted.gateway.log).toMatch(/resume-scheduler.*(EEXIST|ENOTDIR|not a directory)/i);
    expect(restarted.log()).toContainEqual(expect.objectContaining({ level: "error", step: "failed" }));
    // Whoever is alerted by the metrics finds the same by the commands.
    const metrics = await restarted.metrics();
    expect(metrics.get('openclaw_resume_state{state="failed"}')).toBe(1);
    expect(metrics.get('openclaw_resume_mode{mode="failed"}')).toBe(1);
    expect(await restarted.gateway.call("resumes.status", {})).toMatchObject({ state: "failed" });
    const { findings } = await restarted.gateway.call<DoctorView>("resumes.doctor", {});
    expect(findings).toContainEqual(expect.objectContaining({ check: "service", level: "fail" }));
  });

  it(
    "what an earlier boot has claimed is answered by the host when its store cannot be opened, and not once more",
    { tags: "long", timeout: 240_000 },
    async () => {
      await using restarted = await RestartedGateway.start({
        behaviour: resumesHang,
        settings: { lane: { quietMs: 300 } },
      });
      await restarted.waitForResumes(2);
      await restarted.gateway.stop("SIGKILL");
      restarted.model.behaviour = answer;
      const store = path.join(restarted.stateDir, "resume-scheduler");
      fs.renameSync(store, `${store}.aside`);
      fs.writeFileSync(store, "not a folder");
      await restarted.boot();
      await restarted.waitForReplies(1, HOST_RECOVERY_MS);
      await restarted.gateway.stop("SIGTERM");
      fs.rmSync(store);
      fs.renameSync(`${store}.aside`, store);
      // What it has on record is over.
      await restarted.boot();
      await restarted.waitForReplies(1, 30_000);
      await restarted.waitForMetric('queue_depth{lane="startup-resume"}', (value) => value === 0);
      await restarted.waitForMetric('running{lane="startup-resume"}', (value) => value === 0);
      for (const chat of restarted.chats) expect(restarted.repliesTo(chat), String(chat.chatId)).toHaveLength(1);
    },
  );

  it(
    "settings are wrong: the gateway starts, each wrong key is named with its value and what is accepted",
    { tags: "long" },
    async () => {
      await using restarted = await RestartedGateway.start({
        settings: {
          mode: "aktiv",
          filter: { idleHours: "1h", maxAgeHours: -5 },
          budget: { maxConcurrent: 0, maxPerAgent: 1.5, maxPerBoot: null },
          lane: { name: "main", quietMs: -1 },
          resume: { timeoutMs: 10, retryDelayMs: "soon", maxAttempts: 99, unsafeTail: true },
          preemption: { scope: "all", maxPreemptions: [], maxWaitMs: {} },
          budgets: { maxConcurrent: 3 },
        },
      });
      await expectHostRecovery(restarted);
      const errors = restarted
        .log()
        .filter(({ level }) => level === "error")
        .map(({ msg }) => String(msg));
      const entry = "plugins.entries.resume-scheduler.config";
      const expected: [key: string, value: string, accepted: string][] = [
        ["mode", '"aktiv"', 'one of "active", "observe", "off"'],
        ["filter.idleHours", '"1h"', "a number above 0 to 8760"],
        ["filter.maxAgeHours", "-5", "a number above 0 to 87600"],
        ["budget.maxConcurrent", "0", "a whole number from 1 to 64"],
        ["budget.maxPerAgent", "1.5", "a whole number from 1 to 64"],
        ["budget.maxPerBoot", "null", "a whole number from 0 to 100000"],
        ["lane.name", '"main"', "a string matching"],
        ["lane.quietMs", "-1", "a whole number from 0 to 600000"],
        ["resume.timeoutMs", "10", "a whole number from 1000 to 3600000"],
        ["resume.retryDelayMs", '"soon"', "a whole number from 0 to 3600000"],
        ["resume.maxAttempts", "99", "a whole number from 1 to 10"],
        ["resume.unsafeTail", "true", 'one of "ask", "hold", "full"'],
        ["preemption.scope", '"all"', 'one of "lane", "session"'],
        ["preemption.maxPreemptions", "[]", "a whole number from 0 to 1000"],
        ["preemption.maxWaitMs", "{}", "a whole number from 0 to 86400000"],
        ["budgets", '{"maxConcurrent":3}', "known here: mode, filter, budget"],
      ];
      for (const [key, value, accepted] of expected) {
        const line = errors.find((message) => message.startsWith(`${entry}.${key}: `));
        expect(line, key).toContain(value);
        expect(line, key).toContain(accepted);
      }
      expect(errors).toHaveLength(expected.length + 1);
      // The series are there all the same, so that an alert on them can tell.
      expect((await restarted.metrics()).get("openclaw_resume_preemption_seconds_count")).toBe(0);
    },
  );
});
