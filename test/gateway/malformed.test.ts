import fs from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import type { PlanView, StatusView } from "../../src/operate/views.ts";
import { stageEntryWriter } from "../support/entry-writer.ts";
import { MALFORMED_CONFIGS } from "../support/malformed-configs.ts";
import { RestartedGateway, resumesHang } from "../support/restarted-gateway.ts";
import { waitFor } from "../support/wait.ts";

it(
  "60 malformed configs, one after the other: each is named, the gateway runs on, the settings before stay in force",
  { tags: "long" },
  async () => {
    await using restarted = await RestartedGateway.start({
      behaviour: resumesHang,
      settings: { budget: { maxConcurrent: 2 }, resume: { timeoutMs: 3_600_000 } },
    });
    await restarted.waitForResumes(2);
    const file = path.join(restarted.stateDir, "openclaw.json");
    const config = JSON.parse(fs.readFileSync(file, "utf8")) as {
      plugins: { entries: Record<string, { config: unknown }> };
    };
    const own = config.plugins.entries["resume-scheduler"]!;
    const status = () => restarted.gateway.call<StatusView>("resumes.status", {});
    // The host drops these keys before anybody sees them.
    const seen = MALFORMED_CONFIGS.filter(({ path: wrong }) => !wrong.includes("__proto__"));
    expect(seen.length).toBeGreaterThanOrEqual(60);
    for (const [index, { what, config: malformed, path: wrong }] of seen.entries()) {
      const refusals = () => restarted.gateway.log.split("config reload skipped (invalid config)").length;
      const before = refusals();
      own.config = malformed;
      fs.writeFileSync(file, JSON.stringify({ ...config, ui: { seamColor: `#${String(index).padStart(6, "0")}` } }));
      // What is no object at all the host itself refuses, with a message of its own.
      const isTold = async () =>
        refusals() > before || (await status()).settingsErrors.some((error) => error.path === wrong);
      await waitFor(isTold, {
        timeoutMs: 20_000,
        what: `the complaint about ${what} at ${wrong}`,
        lastState: () => restarted.gateway.logTail(15),
      });
      const { budget, queue, state } = await status();
      expect({ slots: budget.slots, queued: queue.length, state }, what).toEqual({
        slots: 2,
        queued: 6,
        state: "active",
      });
    }
    expect(restarted.model.requests.every(({ outcome }) => outcome === undefined)).toBe(true);
  },
);

/** Fields that a broken host, plugin or disk could leave, on a session that says that it was interrupted. */
const MALFORMED_ENTRIES: readonly string[] = [
  ...["42", '"paused"', "true", "null", "[]", "{}"].map((value) => `status: ${value}`),
  ...["NaN", "-1", '"yesterday"', "[]", "{}", "null", "1e999", "Date.now() + 1e12"].map(
    (value) => `lastInteractionAt: ${value}`,
  ),
  ...["NaN", "-1", '"long ago"', "[]", "Date.now() + 1e12"].map((value) => `sessionStartedAt: ${value}`),
  ...['"oops"', "[1]", "null", "7", "{ kind: 7 }", '{ kind: "external", context: "x" }'].map(
    (value) => `delivery: ${value}`,
  ),
  '{ kind: "external", context: { channel: 7, to: [] } }',
  '{ kind: "external", context: { channel: "telegram", to: "x".repeat(100_000) } }',
  ...["{}", "7", '"GROUP"', "null"].map((value) => `chatType: ${value}`),
  ...['"junk"', "[]", "7", "{ tombstone: null }"].map((value) => `mainRestartRecovery: ${value}`),
  ...['"junk"', "[]", "7"].map((value) => `restartRecoveryRuns: ${value}`),
  ...['"junk"', "[]"].map((value) => `pluginExtensions: ${value}`),
  ...['"x".repeat(1_000_000)', "7", "{}"].map((value) => `displayName: ${value}`),
  ...['"deep"', "NaN", "-3", "{}"].map((value) => `spawnDepth: ${value}`),
  ...['"no"', "7"].map((value) => `abortedLastRun: ${value}`),
  ...["NaN", '"now"', "Date.now() + 1e12"].map((value) => `abortCutoffTimestamp: ${value}`),
  ...["7", "{}", '"x".repeat(100_000)'].map((value) => `lastRunError: ${value}`),
  '["__proto__"]: { status: "done" }',
  "constructor: { prototype: { polluted: true } }",
  '["toString"]: "x"',
  "heartbeatIsolatedBaseSessionKey: 0",
  "acp: 0",
  'cliSessionBindings: "x"',
].map((field) => (field.startsWith("{") ? `delivery: ${field}` : field));

it("60 malformed entries: each is held or left, the healthy ones are answered, nothing is lost", async () => {
  const keys = MALFORMED_ENTRIES.map((_, index) => `agent:main:telegram:direct:${5000 + index}`);
  const writer = stageEntryWriter(
    MALFORMED_ENTRIES.map((fields, index) => ({
      sessionKey: keys[index]!,
      create: true,
      fields: `{ sessionId: crypto.randomUUID(), updatedAt: Date.now(), sessionStartedAt: Date.now() - 60_000,
        lastInteractionAt: Date.now() - 60_000, status: "running", abortedLastRun: true, ${fields} }`,
    })),
  );
  await using restarted = await RestartedGateway.start({ beside: [writer] });
  expect(MALFORMED_ENTRIES.length).toBeGreaterThanOrEqual(60);
  await restarted.waitForReplies(1, 60_000);
  expect(restarted.chats.map((chat) => restarted.repliesTo(chat).length)).toEqual(restarted.chats.map(() => 1));

  const { sessions } = await restarted.gateway.call<PlanView>("resumes.plan", {});
  const said = new Map(sessions.map(({ sessionKey, verdict }) => [sessionKey, verdict]));
  const stored = restarted.entries();
  for (const [index, key] of keys.entries()) {
    const what = MALFORMED_ENTRIES[index];
    // They have no transcript, so nothing can be resumed from them; one that no longer says that it was interrupted is
    // no candidate at all.
    if (said.has(key)) expect(["hold", "leave"], what).toContain(said.get(key));
    else expect(stored.get(key)?.["status"], what).not.toBe("running");
    const wasRefused = restarted.gateway.log.includes(`[entry-writer] ${key}:`);
    expect(stored.has(key), `${what} is still there`).toBe(!wasRefused);
  }
  expect([...said.keys()].filter((key) => keys.includes(key)).length).toBeGreaterThanOrEqual(50);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  expect(await restarted.ask(900)).toBeLessThan(10_000);
});
