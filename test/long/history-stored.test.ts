/** The same of a session whose transcript the host has archived, compacted or put into cold storage meanwhile. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { StatusView } from "../../src/operate/views.ts";
import { ANSWERED, ASKED, askAndSee, conversationIn, crashWithHistory, HISTORY } from "../support/history-tests.ts";
import { answer, RestartedGateway } from "../support/restarted-gateway.ts";
import { relocate } from "../support/state-store.ts";
import type { ModelBehaviour, ModelRequest } from "../support/stub-model.ts";
import { waitFor } from "../support/wait.ts";

const HOUR_MS = 3_600_000;
/** Held for their age; 107 and 108 are resumed. */
const HELD = Object.fromEntries([101, 102, 103, 104, 105, 106].map((chatId) => [chatId, 48 * HOUR_MS]));
const QUESTION = HISTORY.at(-1)!;
const SUMMARY = "Two asked the way to the sea.";
/** How the host hands a summary to the model. */
const SUMMARISED = [`user: ${SUMMARY}`, QUESTION];
const EXTRA = {
  session: { maintenance: { coldStorage: { enabled: true, afterDays: 1 } } },
  // Nothing but the newest message is kept as it is.
  agents: { defaults: { compaction: { mode: "default", keepRecentTokens: 1 } } },
};

const isSummary = ({ lastUserText }: ModelRequest) => lastUserText.includes("Keep each section concise.");
/** Resumes hang until a test lets them go on. */
const behaviour: ModelBehaviour = (request) =>
  isSummary(request)
    ? { kind: "reply", text: `${SUMMARY} [chat ${request.chat}]` }
    : request.isResume
      ? { kind: "hang" }
      : answer(request);

type StorageStatus = {
  agents: { coldTranscripts: number }[];
  maintenance: { running: boolean; lastCompletedAt: number | null };
};

let restarted: RestartedGateway;
beforeAll(async () => {
  const template = await crashWithHistory(8);
  // Never aged: each yields to every user.
  const settings = { lane: { quietMs: 300 }, preemption: { maxPreemptions: 1_000 } };
  restarted = await RestartedGateway.start({ template, ages: HELD, behaviour, settings, extra: EXTRA });
});
afterAll(() => restarted?.[Symbol.asyncDispose]());

const keyOf = (chatId: number) => restarted.chat(chatId).sessionKey;

async function archive(chatId: number): Promise<void> {
  const key = keyOf(chatId);
  const expectedSessionId = restarted.entries().get(key)?.["sessionId"];
  await restarted.gateway.call("sessions.patch", { key, archived: true, expectedSessionId });
  expect(restarted.entries().get(key)?.["archivedAt"]).toBeGreaterThan(0);
}

/** The summariser was shown the turns that the model does not get to see any more. */
function expectSummarised(chatId: number): void {
  const shown = restarted.model.requests.filter((one) => isSummary(one) && one.chat === chatId);
  expect(shown).toHaveLength(1);
  const said = conversationIn(shown[0]!.messages, chatId).map((line) => line.replace(/^.*?: /, ""));
  expect(said.join("\n")).toMatch(/Where shall we go\?[^]*To the sea\.[^]*How do we get there\?[^]*By train\./);
}

async function compact(chatId: number): Promise<void> {
  expect(await restarted.gateway.call("sessions.compact", { key: keyOf(chatId) })).toMatchObject({ compacted: true });
}

/** What cold storage holds, once the host has swept. */
async function swept(): Promise<number> {
  return waitFor(
    async () => {
      const { agents, maintenance } = await restarted.gateway.call<StorageStatus>("sessions.storage.status", {});
      return !maintenance.running && maintenance.lastCompletedAt !== null && agents[0]!.coldTranscripts;
    },
    { timeoutMs: 60_000, everyMs: 200, what: "a sweep", lastState: () => restarted.gateway.logTail() },
  );
}

it("archived while its resume runs", async () => {
  await restarted.model.waitForRequests(1, 60_000, ({ chat, isResume }) => isResume && chat === 107);
  // The host ends the run itself. The user's message takes the session out of the archive, with its history.
  await archive(107);
  expect(await askAndSee(restarted, 107)).toEqual([...HISTORY, ASKED]);
  expect(restarted.entries().get(keyOf(107))?.["archivedAt"]).toBeUndefined();
});

it("archived while it is held", async () => {
  await archive(103);
  expect(await askAndSee(restarted, 103)).toEqual([...HISTORY, ASKED]);
  expect(await askAndSee(restarted, 103)).toEqual([...HISTORY, ASKED, ANSWERED, ASKED]);
});

// A session that nobody had interrupted is compacted to the same (seen without the plugin).
it("compacted by an operator while it is held: the summary, and the question itself", async () => {
  await compact(104);
  expect(await askAndSee(restarted, 104)).toEqual([...SUMMARISED, ASKED]);
  expect(await askAndSee(restarted, 104)).toEqual([...SUMMARISED, ASKED, ANSWERED, ASKED]);
  expectSummarised(104);
});

it("compacted by its user's /compact while it is held", async () => {
  restarted.botApi.userSays({ chatId: 105, text: "/compact" });
  await restarted.botApi.waitForReply(105, { matching: /Compacted/, timeoutMs: 30_000 });
  expect(await askAndSee(restarted, 105)).toEqual([...SUMMARISED, ASKED]);
  expectSummarised(105);
});

it("compacted while its resume waits: the resume answers the question all the same", async () => {
  await restarted.gateway.call("resumes.pause", {});
  await restarted.ask(900);
  // The host compacts nothing that runs.
  await waitFor(async () => (await restarted.gateway.call<StatusView>("resumes.status", {})).running.length === 0, {
    timeoutMs: 30_000,
    what: "the preempted resumes to end",
    lastState: () => restarted.gateway.logTail(),
  });
  await compact(108);
  await restarted.gateway.call("resumes.unpause", {});
  await restarted.waitForResumes(1);
  restarted.model.release({ kind: "reply", text: "Resumed [chat 108]" }, ({ chat }) => chat === 108);
  await restarted.botApi.waitForReply(108, { matching: /Resumed/, timeoutMs: 30_000 });
  expect(await askAndSee(restarted, 108)).toEqual([...SUMMARISED, "assistant: Resumed", ASKED]);
  expectSummarised(108);
});

it("in cold storage while it is held", async () => {
  // The host's mark of an interrupted session counts as activity: none was taken so far, however old.
  expect(await swept()).toBe(0);
  await restarted.stop("SIGTERM");
  const { stateDir } = restarted;
  const nowMs = Date.now();
  const window = { fromMs: nowMs - HOUR_MS, toMs: nowMs + 60_000 };
  relocate(stateDir, { from: stateDir, to: stateDir, window, shiftMs: () => -48 * HOUR_MS, defaultShiftMs: 0 });
  await restarted.boot();
  expect(await swept()).toBeGreaterThanOrEqual(restarted.chats.length);
  const keys = [101, 102, 106].map(keyOf);
  const { previews } = await restarted.gateway.call<{ previews: unknown[] }>("sessions.preview", { keys });
  expect(previews).toEqual(keys.map((key) => ({ key, status: "cold", items: [] })));

  expect(await askAndSee(restarted, 101)).toEqual([...HISTORY, ASKED]);
  expect(await askAndSee(restarted, 101)).toEqual([...HISTORY, ASKED, ANSWERED, ASKED]);
});

it("in cold storage, and the operator asks for its resume", async () => {
  restarted.model.behaviour = answer;
  const before = restarted.log().length;
  await restarted.gateway.call("resumes.resume", { key: keyOf(106) });
  const settled = await waitFor(
    () =>
      restarted
        .log()
        .slice(before)
        .find(({ step, sessionKey }) => step === "settled" && sessionKey === keyOf(106)),
    { timeoutMs: 60_000, what: "its end", lastState: () => restarted.gateway.logTail() },
  );
  expect(settled["outcome"]).toBe("completed");
  expect(await askAndSee(restarted, 106)).toEqual([...HISTORY, "assistant: Resumed", ASKED]);
});

it("in cold storage over a restart", async () => {
  await restarted.stop("SIGTERM");
  await restarted.boot();
  expect(await askAndSee(restarted, 102)).toEqual([...HISTORY, ASKED]);
});
