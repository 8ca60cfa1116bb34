import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OUTCOMES, reasonsOf, VERDICTS, type VerdictKind } from "../../src/domain/reasons.ts";
import { stageEntryWriter } from "../support/entry-writer.ts";
import { needs } from "../support/needs.ts";
import { answer, RestartedGateway, resumesHang } from "../support/restarted-gateway.ts";
import {
  damageTranscript,
  editRecord,
  editSessionEntry,
  emptyTranscript,
  writeRestartContinuation,
} from "../support/state-store.ts";
import { type ModelBehaviour, type ModelRequest } from "../support/stub-model.ts";
import { waitFor } from "../support/wait.ts";

/** Every `verdict reason` and `outcome reason` that a session in this file really got. */
const reached = new Set<string>();
const direct = (chatId: number) => `agent:main:telegram:direct:${chatId}`;

/** What this boot has said of each session. */
function verdicts(restarted: RestartedGateway): Map<string, string> {
  const judged = restarted.log().filter(({ msg }) => msg === "judged");
  const said = new Map(
    judged.map((line) => [String(line["sessionKey"]), `${String(line["verdict"])} ${String(line["reason"])}`]),
  );
  for (const one of said.values()) reached.add(one);
  return said;
}

/** What has been settled, and which attempts have ended badly, in all boots. */
function noteOutcomes(restarted: RestartedGateway): void {
  for (const { msg, outcome, reason } of restarted.log("all boots")) {
    if (msg === "settled") reached.add(`${String(outcome)} ${String(reason)}`);
    if (msg === "resume ended" && (outcome === "failed" || outcome === "timed-out")) reached.add(`${outcome} attempt`);
  }
}

async function restart(
  restarted: RestartedGateway,
  signal: "SIGTERM" | "SIGKILL",
  options: Parameters<RestartedGateway["boot"]>[0] & { meanwhile?: () => void } = {},
): Promise<void> {
  await restarted.stop(signal);
  await waitFor(() => restarted.model.running === 0, { timeoutMs: 10_000, what: "the dead gateway's requests to end" });
  restarted.model.reset();
  options.meanwhile?.();
  await restarted.boot(options);
}

describe("marks that only other channels, hosts or accidents leave, written through the host's own API", () => {
  let restarted: RestartedGateway;
  let said: Map<string, string>;
  const entry = (more = "") => `{
    sessionId: crypto.randomUUID(), updatedAt: Date.now(), sessionStartedAt: Date.now() - 60_000,
    lastInteractionAt: Date.now() - 60_000, status: "running", abortedLastRun: true, ${more} }`;
  const created: [key: string, fields: string, expected: string][] = [
    ["agent:main:subagent:one", "", "leave subagent"],
    ["agent:main:cron:one", "", "leave cron"],
    ["agent:main:acp:one", "", "leave acp"],
    ["agent:main:pulse", 'heartbeatIsolatedBaseSessionKey: "agent:main:main"', "leave heartbeat"],
    [direct(901), "spawnDepth: 1", "leave spawned"],
    [direct(902), 'pluginOwnerId: "other"', "leave plugin-owned"],
    [direct(903), 'pendingFinalDelivery: true, pendingFinalDeliveryText: "x"', "leave pending-final-delivery"],
    [direct(904), 'restartRecoveryHarnessCompletion: { runId: "x" }', "leave harness-completion"],
    [direct(905), 'restartRecoveryDeliveryReceiptState: "pending"', "leave delivery-receipt"],
    [direct(906), "mainRestartRecovery: { tombstone: { atMs: 1 } }", "leave recovery-tombstone"],
    [direct(907), 'cliSessionBindings: { "claude-cli": { sessionId: "x" } }', "leave cli-backed"],
    [direct(908), "", "hold transcript-missing"],
    [direct(909), "lastInteractionAt: undefined, sessionStartedAt: undefined", "hold activity-unknown"],
    ["agent:main:telegram:group:-77", "", "leave excluded"],
  ];
  const patched: [chatId: number, fields: string, expected: string][] = [
    [101, "{ sessionStartedAt: Date.now() - 200 * 3_600_000 }", "hold too-old"],
    [102, "{ lastInteractionAt: Date.now() + 3_600_000, abortedLastRun: true }", "hold time-in-future"],
    [103, '{ restartRecoverySourceReplyDeliveryMode: "message_tool_only" }', "leave message-tool-only"],
    [104, '{ sessionId: "" }', "leave unreadable-entry"],
  ];

  beforeAll(async () => {
    const writer = stageEntryWriter([
      ...created.map(([sessionKey, fields]) => ({ sessionKey, fields: entry(fields), create: true })),
      ...patched.map(([chatId, fields]) => ({ sessionKey: direct(chatId), fields })),
      // The mark that a host has put on what it found running; without it this could be a live turn.
      {
        sessionKey: direct(105),
        fields: "{ lastInteractionAt: Date.now(), abortedLastRun: true }",
        keepsWriting: true,
      },
    ]);
    restarted = await RestartedGateway.start({
      behaviour: resumesHang,
      beside: [writer],
      settings: { filter: { sessionKeys: { exclude: ["agent:*:group:*"] } } },
      prepare(stateDir) {
        // What the host's API does not let a plugin write.
        editSessionEntry(stateDir, direct(106), { modelSelectionLocked: true });
        emptyTranscript(stateDir, direct(107));
        writeRestartContinuation(stateDir, direct(108));
      },
    });
    said = verdicts(restarted);
  });
  afterAll(() => restarted?.[Symbol.asyncDispose]());

  const withoutTranscript = created.filter(([key]) => key === direct(908));
  const withoutId = patched.filter(([chatId]) => chatId === 104);
  it.each(created.filter((one) => !withoutTranscript.includes(one)))("%s with { %s }: %s", (key, _fields, expected) =>
    expect(said.get(key)).toBe(expected),
  );
  it.each(patched.filter((one) => !withoutId.includes(one)))("chat %i with %s: %s", (chatId, _fields, expected) =>
    expect(said.get(direct(chatId))).toBe(expected),
  );
  // Elsewhere it may have been cut off in its first turn, and is left to the host.
  it.each(withoutTranscript)("%s with { %s }: %s", needs("first-message-kept"), (key, _fields, expected) =>
    expect(said.get(key)).toBe(expected),
  );
  // Elsewhere the host lists no such row.
  it.each(withoutId)("chat %i with %s: %s", needs("sqlite-sessions"), (chatId, _fields, expected) =>
    expect(said.get(direct(chatId))).toBe(expected),
  );
  it.each([
    [105, "a user's turns go on writing", "leave claim-failed"],
    [106, "its model is locked", "leave model-selection-locked"],
    [107, "its transcript has no message", "hold transcript-empty"],
    [108, "it asked for the restart", "leave restart-continuation"],
  ])("chat %i, %s: %s", (chatId, _what, expected) => expect(said.get(direct(chatId))).toBe(expected));
});

describe("the same sessions with other settings of the operator's", () => {
  it(
    "direct chats are stale where they share the main session; with a scope filter they can be held",
    { tags: "long" },
    async () => {
      await using restarted = await RestartedGateway.start({
        behaviour: resumesHang,
        extra: { session: { dmScope: "main" } },
        settings: { filter: { excluded: "hold", sessionKeys: { include: ["*:10[1-4]"] } } },
      });
      const said = verdicts(restarted);
      expect([101, 104, 105, 108].map((chatId) => said.get(direct(chatId)))).toEqual([
        "hold dm-scope-retired",
        "hold dm-scope-retired",
        "hold excluded",
        "hold excluded",
      ]);
    },
  );
});

describe("turns that really ended badly, users who really came back, an operator who really asked", () => {
  let restarted: RestartedGateway;
  const call = (method: string, params = {}) => restarted.gateway.call(`resumes.${method}`, params);
  const hang: ModelBehaviour = () => ({ kind: "hang" });

  beforeAll(async () => {
    restarted = await RestartedGateway.start({ settings: { mode: "off" } });
    await restarted.waitForReplies(1, 60_000);
  });
  afterAll(() => restarted?.[Symbol.asyncDispose]());

  /** A message whose turn ends as `behaviour` says; resolves when the chat has been told something. */
  async function say(chatId: number, behaviour: ModelBehaviour): Promise<void> {
    restarted.model.behaviour = behaviour;
    const afterMs = restarted.botApi.userSays({ chatId, text: `Once more [chat ${chatId}]` });
    await restarted.botApi.waitForReply(chatId, { afterMs, timeoutMs: 60_000 });
  }

  it("after errors, inside a tool call, one too many", { tags: "long" }, async () => {
    await say(101, () => modelError(404, "model_not_found", "The model does not exist"));
    await say(102, () => modelError(400, "bad_request", "That is not possible"));
    await say(102, () => modelError(400, "bad_request", "That is not possible"));
    const afterTool = ({ messages }: ModelRequest) => messages.some(({ role }) => role === "tool");
    restarted.model.behaviour = (request) =>
      request.chat === 103 && !afterTool(request)
        ? { kind: "toolCall", name: "session_status", args: {} }
        : { kind: "hang" };
    restarted.model.reset();
    const isOpen = (chatId: number) =>
      restarted.model.runningRequests.some(
        (request) => request.chat === chatId && (chatId !== 103 || afterTool(request)),
      );
    const askAll = async (chatIds: readonly number[]) => {
      for (const chatId of chatIds) restarted.botApi.userSays({ chatId, text: `And then? [chat ${chatId}]` });
      await waitFor(() => chatIds.every(isOpen), {
        timeoutMs: 60_000,
        what: "a turn of each chat at the model",
        lastState: () => `${restarted.model.describe()}\n${restarted.gateway.logTail()}`,
      });
    };
    // The newest are judged first; once two are admitted, no other's transcript is read.
    await askAll([104, 105, 106, 107, 108]);
    await askAll([101, 102, 103]);
    restarted.model.behaviour = hang;
    await restart(restarted, "SIGKILL", { settings: { budget: { maxPerBoot: 2 }, resume: { unsafeTail: "hold" } } });
    const said = verdicts(restarted);
    expect(said.get(direct(101))).toBe("hold permanent-error");
    expect(said.get(direct(102))).toBe("hold failing");
    expect(said.get(direct(103))).toBe("hold unsafe-tail");
    const others = [104, 105, 106, 107, 108].map((chatId) => String(said.get(direct(chatId)))).toSorted();
    const over = "hold over-boot-limit";
    expect(others).toEqual(["admit interrupted", "admit interrupted", over, over, over]);
  });

  it("an operator holds, releases, discards and asks; the next boot knows", { tags: "long" }, async () => {
    await restarted.waitForResumes(2);
    await call("pause");
    await call("resume", { key: direct(101) });
    await call("release", { key: direct(102) });
    await call("discard", { key: direct(103) });
    const [queued] = restarted.model.runningRequests.map(({ chat }) => chat!);
    await call("hold", { key: direct(queued!) });
    await restart(restarted, "SIGKILL", { settings: { resume: { retryDelayMs: 3_600_000 } } });
    const said = verdicts(restarted);
    expect(said.get(direct(101))).toBe("admit requested");
    expect(said.get(direct(102))).toBe("leave released");
    expect(said.has(direct(103))).toBe(false);
    expect(said.get(direct(queued!))).toBe("hold held-earlier");
    expect([...said.values()]).toContain("admit claimed-earlier");
    noteOutcomes(restarted);
  });

  it("a transcript that goes bad while its session is held", { tags: "long" }, async () => {
    const held = ["cut short", "overwritten"] as const;
    const chats = restarted.chats.filter(({ chatId }) => chatId >= 104).slice(0, 2);
    for (const [index, damage] of held.entries()) {
      await call("resume", { key: chats[index]!.sessionKey });
      damageTranscript(restarted.stateDir, chats[index]!.sessionKey, damage);
    }
    await call("unpause");
    const outcomeOf = (key: string) =>
      restarted.log().find(({ msg, sessionKey }) => msg === "settled" && sessionKey === key)?.["reason"];
    await waitFor(() => chats.every(({ sessionKey }) => outcomeOf(sessionKey) !== undefined), {
      timeoutMs: 30_000,
      what: "both to be held again",
      lastState: () => restarted.gateway.logTail(),
    });
    expect(chats.map(({ sessionKey }) => outcomeOf(sessionKey))).toEqual([
      "transcript-truncated",
      "transcript-unreadable",
    ]);
    noteOutcomes(restarted);
  });
});

describe("what becomes of resumes over restarts", () => {
  it(
    "too long idle, an owed reply, a resume that ran at two deaths, a record that is damaged, one that is lost",
    { tags: "long" },
    async () => {
      await using restarted = await RestartedGateway.start({ behaviour: resumesHang, ages: { 108: 3 * 3_600_000 } });
      expect(verdicts(restarted).get(direct(108))).toBe("hold idle-too-long");
      const [owed, running] = (await restarted.waitForResumes(2)).map(({ chat }) => chat!);
      let sending = false;
      restarted.botApi.fate = ({ chatId }) => {
        sending ||= chatId === String(owed);
        return chatId === String(owed) ? { kind: "hang" } : undefined;
      };
      restarted.model.release(answer, ({ chat }) => chat === owed);
      await waitFor(() => sending, { timeoutMs: 30_000, what: "the reply on its way" });
      await restart(restarted, "SIGKILL");
      expect(verdicts(restarted).get(direct(owed!))).toBe("admit reply-owed");

      const runs = () => restarted.model.runningRequests.some(({ chat, isResume }) => isResume && chat === running);
      await waitFor(runs, { timeoutMs: 60_000, what: "the same resume to run again" });
      const isQueued = ({ chatId }: { chatId: number }) =>
        !restarted.model.requests.some(({ chat }) => chat === chatId) && chatId !== owed;
      const [damaged, lost] = restarted.chats.filter(isQueued).map(({ chatId }) => chatId);
      await restart(restarted, "SIGKILL", {
        meanwhile: () => {
          editRecord(restarted.stateDir, "UPDATE resumes SET phase = 'x' WHERE session_key = ?", direct(damaged!));
          editRecord(restarted.stateDir, "DELETE FROM resumes WHERE session_key = ?", direct(lost!));
        },
      });
      const said = verdicts(restarted);
      expect(said.get(direct(running!))).toBe("hold crash-loop");
      expect(said.get(direct(damaged!))).toBe("hold record-damaged");
      expect(said.get(direct(lost!))).toBe("admit record-lost");
      expect(restarted.botApi.replies(108), 'notify is "off"').toEqual([]);
      noteOutcomes(restarted);
    },
  );

  it("used-up attempts, a user who went on or started afresh meanwhile", { tags: "long" }, async () => {
    await using restarted = await RestartedGateway.start({
      behaviour: resumesHang,
      settings: { resume: { retryDelayMs: 3_600_000, timeoutMs: 5_000 }, lane: { quietMs: 300 } },
    });
    const [failed] = (await restarted.waitForResumes(2)).map(({ chat }) => chat!);
    restarted.model.release(modelError(400, "bad_request", "That is not possible"), ({ chat }) => chat === failed);
    await restarted.waitForMetric('attempts_total{result="failed"}', (value) => value === 1);
    await restarted.waitForMetric('attempts_total{result="timed-out"}', (value) => (value ?? 0) >= 1);
    noteOutcomes(restarted);

    // The plugin is away for a while: one user goes on, one starts afresh.
    restarted.model.behaviour = answer;
    const idle = restarted.chats.map(({ chatId }) => chatId).filter((id) => id !== failed);
    const stateOf = new Map(restarted.entries());
    const [goesOn, startsAfresh] = idle.filter((id) => stateOf.get(direct(id))?.["status"] === "killed");
    await restart(restarted, "SIGKILL", { withoutPlugin: true });
    await restarted.ask(goesOn!);
    const afterMs = restarted.botApi.userSays({ chatId: startsAfresh!, text: "/new" });
    await restarted.botApi.waitForReply(startsAfresh!, { afterMs, timeoutMs: 30_000 });
    await restart(restarted, "SIGTERM", { settings: { resume: { maxAttempts: 1, retryDelayMs: 3_600_000 } } });
    const said = verdicts(restarted);
    expect(said.get(direct(failed!))).toBe("hold attempts-exhausted");
    expect(said.get(direct(goesOn!))).toBe("retire user-continued");
    expect(said.get(direct(startsAfresh!))).toBe("retire session-replaced");
  });
});

it("no verdict has a reason that was not reached here, through a real gateway", { tags: "long" }, () => {
  /** Cannot be there when a gateway starts: it refuses to start on a damaged transcript. Reached as outcomes above. */
  const onlyLater = ["hold transcript-truncated", "hold transcript-unreadable"];
  /** By `conversations.test.ts`, and on an older host by `hosts.test.ts`. */
  const elsewhere = ["hold duplicate-of", "leave transcript-unwritten"];
  const all = (Object.keys(VERDICTS) as VerdictKind[]).flatMap((kind) =>
    reasonsOf(kind).map((reason) => `${kind} ${reason}`),
  );
  expect(all.filter((reason) => !reached.has(reason)).toSorted()).toEqual([...onlyLater, ...elsewhere].toSorted());
  expect([...reached]).toEqual(expect.arrayContaining(["held transcript-truncated", "held transcript-unreadable"]));
  // By users who write meanwhile (`users-first.test.ts`), and after days (`gc.test.ts`).
  expect(Object.keys(OUTCOMES).filter((outcome) => ![...reached].some((one) => one.startsWith(`${outcome} `)))).toEqual(
    ["superseded", "retired"],
  );
});

function modelError(status: number, code: string, message: string) {
  return { kind: "error", status, body: { error: { message, code, type: code } } } as const;
}
