/** What this plugin does never costs a conversation its memory: the next user turn reaches the model with all of it. */
import fs from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StatusView } from "../../src/operate/views.ts";
import type { CrashedTemplate } from "../support/crashed-state.ts";
import { editSettings } from "../support/edit-settings.ts";
import {
  ANSWERED,
  ASKED,
  askAndSee,
  conversationIn,
  crashWithHistory,
  finish,
  HALF,
  HalfWay,
  HISTORY,
  WHOLE,
} from "../support/history-tests.ts";
import { stageKiller } from "../support/killer.ts";
import { needs } from "../support/needs.ts";
import { type RestartedGateway, resumesHang } from "../support/restarted-gateway.ts";
import type { ChatMessage, ModelBehaviour } from "../support/stub-model.ts";
import { waitFor } from "../support/wait.ts";

const HOUR_MS = 3_600_000;
const QUIET = { lane: { quietMs: 300 } };
/** Longer than a test: nothing is resumed. */
const NO_RESUMES = { lane: { quietMs: HOUR_MS } };
/** Was not interrupted. */
const OTHER_CHAT = 900;

/** In the agent's workspace: read with a tool that every host has. */
const NOTE = "note.md";
function leaveNote(stateDir: string): void {
  // Hosts before 2026.8 have the workspace in the home folder.
  for (const place of ["workspace", "home/.openclaw/workspace"]) {
    fs.mkdirSync(path.join(stateDir, place), { recursive: true });
    fs.writeFileSync(path.join(stateDir, place, NOTE), "Bring a hat.");
  }
}

let template: CrashedTemplate;
beforeAll(async () => {
  template = await crashWithHistory(8);
});

describe("the measure itself", () => {
  const host = (text: string) => `<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>\n${text}\n<<<END_OPENCLAW_INTERNAL_CONTEXT>>>`;
  const whole: readonly ChatMessage[] = [
    { role: "system", content: "You are an agent. Please summarise our plan [chat 1]" },
    { role: "user", content: "[Thu 10:59] Where shall we go? [chat 1]\n\nRuntime: agent=main" },
    { role: "assistant", content: "To the sea. [chat 1]" },
    { role: "user", content: "How do we get there? [chat 1]" },
    { role: "assistant", content: [{ type: "text", text: "By train. [chat 1]" }] },
    { role: "user", content: "Please summarise our plan [chat 1]" },
    { role: "user", content: "And now? (after the restart) [chat 1]" },
    { role: "user", content: host("User: Please summarise our plan [chat 1]") },
  ];
  const expected = [...HISTORY, ASKED];
  const without = (index: number) => whole.filter((_, at) => at !== index);

  it("sees each message once, whether it stands alone or is merged into the next", () => {
    expect(conversationIn(whole, 1)).toEqual(expected);
    const merged = `[Queued user message from a previous active turn]\n${String(whole[5]!.content)}\n\nAnd now? (after the restart) [chat 1]`;
    expect(conversationIn([...whole.slice(0, 5), { role: "user", content: merged }], 1)).toEqual(expected);
  });

  it("misses what stands only in the host's own context, or in the system prompt", () => {
    for (const index of [1, 2, 3, 4, 5, 6]) expect(conversationIn(without(index), 1)).not.toEqual(expected);
    expect(conversationIn(without(5), 1)).not.toContain(HISTORY.at(-1));
  });

  it("sees what is there twice, in another order, half or from elsewhere", () => {
    expect(conversationIn([...whole, whole[5]!], 1)).not.toEqual(expected);
    expect(conversationIn([whole[0]!, ...whole.slice(3, 5), ...whole.slice(1, 3), ...whole.slice(5)], 1)).not.toEqual(
      expected,
    );
    for (const more of [
      { role: "assistant", content: HALF },
      { role: "assistant", content: null, tool_calls: [{}] },
      {
        role: "user",
        content: "[System] Your previous turn in this conversation was interrupted by a gateway restart.",
      },
      { role: "user", content: "Please summarise our plan [chat 2]" },
    ]) {
      expect(conversationIn([...whole, more], 1).length).toBeGreaterThan(expected.length);
    }
  });
});

/** Which of our log lines tell of this chat. */
const stepsOf = (restarted: RestartedGateway, chatId: number) =>
  restarted.log().filter(({ sessionKey }) => sessionKey === restarted.chat(chatId).sessionKey);

const waitForStep = (restarted: RestartedGateway, chatId: number, step: Record<string, unknown>) =>
  waitFor(
    () =>
      stepsOf(restarted, chatId).some((line) => Object.entries(step).every(([name, value]) => line[name] === value)),
    { timeoutMs: 30_000, what: JSON.stringify(step), lastState: () => restarted.gateway.logTail() },
  );

/** Held, and claimed only: their users write before anything has run. */
const NEVER_RESUMED = [101, 103];

describe("the next user turn has the whole conversation, while the gateway runs", () => {
  let half: HalfWay;
  let restarted: RestartedGateway;
  /** What each chat's next request must hold. */
  const remembered = new Map<number, string[]>();

  /** 104 uses a tool first. */
  const behaviour: ModelBehaviour = (request) => {
    // Where the prompt of a resume stands before its tool call, the request after that does not look like one.
    if (request.messages.at(-1)?.role === "tool") return { kind: "hang" };
    return request.isResume && request.chat === 104 && !request.messages.some(({ role }) => role === "tool")
      ? { kind: "toolCall", name: "read", args: { path: NOTE } }
      : resumesHang(request);
  };

  const expectMemory = async (chatId: number, ...since: string[]) => {
    const expected = [...HISTORY, ...since, ASKED];
    expect(await askAndSee(restarted, chatId)).toEqual(expected);
    remembered.set(chatId, [...expected, ANSWERED, ASKED]);
  };
  const status = () => restarted.gateway.call<StatusView>("resumes.status", {});
  const queued = async (chatId: number) =>
    (await status()).queue.find(({ sessionKey }) => sessionKey === restarted.chat(chatId).sessionKey);
  const started = (chatId: number) => stepsOf(restarted, chatId).filter(({ step }) => step === "started");
  const expectSuperseded = (chatId: number) =>
    waitForStep(restarted, chatId, { step: "settled", outcome: "superseded" });

  beforeAll(async () => {
    // The later its user wrote, the sooner a chat is resumed, on any host.
    const ages = { 101: 4 * HOUR_MS, 102: 36_000, 103: 35_000, 104: 34_000, 105: 33_000, 106: 32_000, 107: 31_000 };
    // Never aged: each yields to every user.
    const settings = { ...QUIET, preemption: { maxPreemptions: 1_000 } };
    half = await HalfWay.prepare({ template, ages, settings, behaviour, prepare: leaveNote });
    restarted = half.restarted;
    await restarted.boot();
  });
  afterAll(() => half?.[Symbol.asyncDispose]());

  it("after a resume that completed: with its answer", async () => {
    await restarted.model.waitForRequests(1, 60_000, ({ chat }) => chat === 108);
    await restarted.model.waitForRequests(1, 60_000, ({ chat }) => chat === 107);
    // From here on nothing starts: who has run is known, however slow this machine is.
    await restarted.gateway.call("resumes.pause", {});
    finish(restarted, 108);
    await waitForStep(restarted, 108, { step: "settled", outcome: "completed" });
    await expectMemory(108, WHOLE);
  });

  it("after a resume was preempted: without its half answer", async () => {
    // The turn of 108's user has done it.
    await waitForStep(restarted, 107, { step: "ended", result: "preempted" });
    expect(await queued(107)).toMatchObject({ attempts: 0 });
    await expectMemory(107);
    await expectSuperseded(107);
  });

  it("of a held session", async () => {
    expect(stepsOf(restarted, 101)).toContainEqual(expect.objectContaining({ step: "judged", verdict: "hold" }));
    await expectMemory(101);
    expect(started(101)).toEqual([]);
  });

  it("of a session that is claimed and has not been started", async () => {
    expect(await queued(103)).toMatchObject({ attempts: 0, preemptions: 0 });
    await expectMemory(103);
    await expectSuperseded(103);
    expect(started(103)).toEqual([]);
  });

  it("when it supersedes a resume that runs: without its half answer", async () => {
    await restarted.gateway.call("resumes.unpause", {});
    const running = (await restarted.waitForResumes(2)).map(({ chat }) => chat);
    expect(running).toContain(106);
    await expectMemory(106);
    await waitForStep(restarted, 106, { step: "cancelled", cause: "own-user" });
    await expectSuperseded(106);
  });

  it("when that resume has used a tool: with what it has done", async () => {
    await restarted.model.waitForRequests(
      1,
      60_000,
      ({ chat, messages }) => chat === 104 && messages.some(({ role }) => role === "tool"),
    );
    // The same as after a user's own turn that was stopped: a step that is over stays, the next one's half answer does not.
    await expectMemory(104, `assistant: ${HALF}`, "assistant: (calls a tool)", "tool: Bring a hat.");
    await expectSuperseded(104);
  });

  it("after a resume timed out, while it rests: without its half answer; and once it is held for that", async () => {
    const timedOut = { step: "ended", result: "timed-out" };
    await restarted.gateway.call("resumes.pause", {});
    await restarted.ask(OTHER_CHAT);
    editSettings(restarted.stateDir, { resume: { timeoutMs: 1_000, retryDelayMs: 2_000 } });
    await restarted.gateway.waitForLog(/"msg":"settings changed"|"replaced":true/, 30_000);
    await restarted.gateway.call("resumes.unpause", {});
    for (const chatId of [105, 102]) await waitForStep(restarted, chatId, timedOut);
    await restarted.gateway.call("resumes.pause", {});
    expect(await queued(105)).toMatchObject({ attempts: 1 });
    await expectMemory(105);
    await expectSuperseded(105);

    await restarted.gateway.call("resumes.unpause", {});
    await waitForStep(restarted, 102, { step: "settled", outcome: "held", reason: "attempts-exhausted" });
    await expectMemory(102);
  });

  const expectTheTurnAfter = async (chats: readonly number[]) => {
    const seen = await Promise.all(chats.map((chatId) => askAndSee(restarted, chatId)));
    expect(seen).toEqual(chats.map((chatId) => remembered.get(chatId)));
  };

  it("and so has the turn after that", async () => {
    expect(remembered.size).toBe(8);
    await expectTheTurnAfter([...remembered.keys()].filter((chatId) => !NEVER_RESUMED.includes(chatId)));
  });

  // Elsewhere the host itself takes what was not answered into the user's next turn, and then drops it.
  it("also of those that were never resumed", needs("kept-questions"), () => expectTheTurnAfter(NEVER_RESUMED));
});

it(
  "the next user turn has the whole conversation, wherever the gateway was killed",
  { tags: "long", timeout: 240_000 },
  async () => {
    await using half = await HalfWay.prepare({ template, settings: QUIET });
    const { restarted } = half;
    const dead = () =>
      waitFor(() => restarted.model.running === 0, { timeoutMs: 10_000, what: "the dead gateway's requests to end" });

    // Right after the claim.
    await restarted.spawn({ beside: [stageKiller({ step: "booted" }, "SIGKILL")] });
    expect(await restarted.gateway.exited).toMatchObject({ signal: "SIGKILL" });
    expect(restarted.model.requests).toEqual([]);
    await restarted.boot();
    expect(await askAndSee(restarted, 101), "claimed").toEqual([...HISTORY, ASKED]);

    // In the middle of two resumes; one user writes while it is down, the other once it is up again.
    const [one, two] = (await restarted.waitForResumes(2)).map(({ chat }) => chat!);
    await restarted.stop("SIGKILL");
    await dead();
    const asked = askAndSee(restarted, one!, 90_000);
    await restarted.boot();
    expect(await asked, "in the middle of its resume, written to while down").toEqual([...HISTORY, ASKED]);
    expect(await askAndSee(restarted, two!), "in the middle of its resume").toEqual([...HISTORY, ASKED]);

    // Between a resume's answer and its delivery.
    restarted.botApi.fate = ({ text }) => (text.startsWith(HALF) ? { kind: "hang" } : undefined);
    const third = (await restarted.waitForResumes(1))[0]!.chat!;
    finish(restarted, third);
    await waitFor(() => restarted.botApi.calls.some(({ outcome, text }) => outcome === "pending" && text !== ""), {
      timeoutMs: 30_000,
      what: "the reply on its way out",
      lastState: () => restarted.gateway.logTail(),
    });
    await restarted.stop("SIGKILL");
    await dead();
    await restarted.boot({ settings: NO_RESUMES });
    expect(await askAndSee(restarted, third), "between answer and delivery").toEqual([...HISTORY, WHOLE, ASKED]);

    const since = [ASKED, ANSWERED, ASKED];
    const chats = [101, one!, two!, third];
    const next = await Promise.all(chats.map((chatId) => askAndSee(restarted, chatId)));
    const without = [...HISTORY, ...since];
    expect(next, "the turn after that").toEqual([without, without, without, [...HISTORY, WHOLE, ...since]]);
  },
);
