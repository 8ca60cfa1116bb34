import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clockMark } from "../../src/host/clock-watch.ts";
import type { StatusView } from "../../src/operate/views.ts";
import { RecordStore } from "../../src/record/record-store.ts";
import { answer, RestartedGateway } from "../support/restarted-gateway.ts";
import { testedHost } from "../support/hosts.ts";
import { needs } from "../support/needs.ts";
import { readTranscript } from "../support/state-store.ts";
import { hangForever } from "../support/stub-model.ts";

const SET_FORWARD_MS = 1.5 * 3_600_000;

/** While the gateway was down somebody has set the clock: to all that looks at it alone, one chat is now stale. */
function setClockForward(stateDir: string): void {
  const records = RecordStore.open(stateDir);
  const now = clockMark()!;
  records.facts.set("clock", { ...now, wallMs: now.wallMs - SET_FORWARD_MS });
  records.close();
}

describe("an idle gateway after a crash with 8 interrupted chats", () => {
  let restarted: RestartedGateway;
  const runningAtOnce: number[] = [];

  beforeAll(async () => {
    restarted = await RestartedGateway.start({
      behaviour: hangForever,
      ages: { 108: SET_FORWARD_MS + 40_000 },
      prepare: setClockForward,
    });
    // Two at a time, each until the other is there and the lane has said so: however slow the machine is.
    for (let asked = 2; asked <= 8; asked += 2) {
      await restarted.model.waitForRequests(asked, 60_000);
      const { running } = await restarted.gateway.call<StatusView>("resumes.status", {});
      runningAtOnce.push(running.length);
      restarted.model.release(answer);
    }
    restarted.model.behaviour = answer;
    await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 8, 60_000);
  });
  afterAll(() => restarted?.[Symbol.asyncDispose]());

  it("answers each chat exactly once", () => {
    const replies = restarted.chats.map((chat) => restarted.repliesTo(chat));
    expect(replies).toEqual(restarted.chats.map(({ chatId }) => [`Resumed [chat ${chatId}]`]));
  });

  it("takes no session for stale because the clock was set meanwhile", () => {
    const judged = restarted
      .log()
      .find(({ msg, sessionKey }) => msg === "judged" && sessionKey === restarted.chat(108).sessionKey);
    expect(judged).toMatchObject({ verdict: "admit", reason: "interrupted" });
    expect(judged?.["found"]).toBeLessThan(SET_FORWARD_MS);
  });

  it("never has more resumes at the model than the budget allows, and uses all of it", () => {
    expect(restarted.model.requests).toHaveLength(8);
    expect(restarted.model.peakRunning).toBe(2);
    expect(runningAtOnce).toEqual([2, 2, 2, 2]);
  });

  it("runs them on lanes of its own and none on main", async () => {
    const metrics = await restarted.metrics();
    expect(metrics.get('openclaw_resume_queue_wait_seconds_count{lane="startup-resume"}')).toBe(8);
    expect(metrics.get('openclaw_resume_queue_wait_seconds_count{lane="main"}')).toBe(0);
  });

  it("leaves ordinary sessions behind: done, nothing aborted, no recovery marks", () => {
    for (const chat of restarted.chats) {
      const entry = restarted.entries().get(chat.sessionKey);
      expect(entry).toMatchObject({ status: "done", abortedLastRun: false });
      expect(entry).not.toHaveProperty("mainRestartRecovery");
    }
  });

  it("stores no prompt of its own: the transcript is the question and the answer", needs("silent-runs"), () => {
    const messages = readTranscript(restarted.stateDir, restarted.chat(101).sessionKey).flatMap(
      ({ message }) => message ?? [],
    );
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(messages[0]?.content).toBe("Please summarise our plan [chat 101]");
  });

  it("answers a user of a resumed chat as ever, with the history", async () => {
    await restarted.ask(101);
    const request = restarted.model.requests.at(-1);
    expect(JSON.stringify(request?.messages)).toContain("Resumed [chat 101]");
  });

  const scrape = (method: string, headers: Record<string, string> = {}) =>
    restarted.gateway.fetch("/plugins/resume-scheduler/metrics", { method, headers });

  it.each([
    ["no token", ""],
    ["a wrong token", "Bearer wrong"],
  ])("refuses a scrape with %s", async (_name, authorization) => {
    const response = await scrape("GET", { authorization });
    expect(response.status).toBe(401);
    expect(await response.text()).not.toContain("openclaw_resume_");
  });

  it.each([
    ["Prometheus text", "*/*", "text/plain; version=0.0.4; charset=utf-8"],
    [
      "OpenMetrics",
      "application/openmetrics-text;version=1.0.0",
      "application/openmetrics-text; version=1.0.0; charset=utf-8",
    ],
  ])("answers a scrape as %s, not to be cached, and HEAD without a body", async (_name, accept, contentType) => {
    for (const method of ["GET", "HEAD"]) {
      const response = await scrape(method, { accept });
      const { status, headers } = response;
      expect([method, status, headers.get("content-type")]).toEqual([method, 200, contentType]);
      expect(headers.get("cache-control")).toBe("no-store");
      expect((await response.text()).includes("openclaw_resume_held 0\n")).toBe(method === "GET");
    }
  });

  it("refuses another method", async () => {
    const response = await scrape("POST");
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  it("says what this boot was, and what it cost", async () => {
    const metrics = await restarted.metrics();
    expect(metrics.get('openclaw_resume_state{state="active"}')).toBe(1);
    const bootedAtMs = metrics.get("openclaw_resume_boot_timestamp_seconds")! * 1000;
    expect(bootedAtMs).toBeGreaterThan(restarted.gateway.startedAtMs);
    expect(bootedAtMs).toBeLessThan(Date.now());
    for (const phase of ["discover", "admit", "claim"]) {
      const seconds = metrics.get(`openclaw_resume_boot_seconds{phase="${phase}"}`)!;
      expect([phase, seconds > 0 && seconds < 5]).toEqual([phase, true]);
    }
    expect(metrics.get('openclaw_resume_attempts_total{result="completed"}')).toBe(8);
    const sinceReady = metrics.get("openclaw_resume_first_user_reply_seconds")!;
    expect(sinceReady).toBeGreaterThan(0);
    expect(sinceReady).toBeLessThan((Date.now() - restarted.gateway.startedAtMs) / 1000);
    const build = [...metrics.keys()].find((series) => series.startsWith("openclaw_resume_build_info"));
    expect(build).toContain(`host="${testedHost().version}"`);
  });

  it("logs every step as one JSON line without message text", () => {
    const messages = new Set(restarted.log().map(({ msg }) => msg));
    expect([...messages]).toEqual(
      expect.arrayContaining(["judged", "booted", "resume started", "resume ended", "settled"]),
    );
    expect(
      restarted.gateway.log.split("\n").filter((line) => /\[plugins\] \{.*(agent:|summarise|\[chat)/.test(line)),
    ).toEqual([]);
  });

  it("shows whose a reference in the log is", async () => {
    const { sessionRef, sessionKey } = restarted.log().find(({ step }) => step === "settled")!;
    const shown = await restarted.gateway.call("resumes.show", { key: sessionRef });
    expect(shown).toMatchObject({ sessionKey, ref: sessionRef, record: null });
  });

  it("reaches a host that logs info and above with what OPENCLAW_RESUME_LOG asks for", () => {
    expect(restarted.log().filter(({ step, level }) => step === "claimed" && level === "debug")).toHaveLength(8);
  });

  it("says little at the next boot, when nothing is interrupted", async () => {
    await restarted.stop("SIGTERM");
    await restarted.boot({ env: { OPENCLAW_RESUME_LOG: "" } });
    await restarted.waitForMetric('mode{mode="waiting"}', (value) => value === 1);
    const lines = restarted.log();
    expect(lines.length).toBeLessThan(5);
    expect(lines).toContainEqual(expect.objectContaining({ step: "booted", mode: "active", claimed: 0, verdicts: {} }));
  });
});
