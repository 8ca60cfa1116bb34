/** The steps of a resume at which a gateway is killed, and what each conversation must have come to afterwards. */
import { expect } from "vitest";
import type { StatusView } from "../../src/operate/views.ts";
import { testedHost } from "./hosts.ts";
import { type KillAt, stageKiller } from "./killer.ts";
import { answer, type RestartedGateway, resumesHang, USER_MARK } from "./restarted-gateway.ts";
import { readTranscript } from "./state-store.ts";
import type { ModelBehaviour } from "./stub-model.ts";
import { sleep, waitFor, within } from "./wait.ts";

export type Signal = "SIGKILL" | "SIGTERM";

type KillPoint = {
  name: string;
  /** Announced inside the gateway, which is killed by then. */
  at?: KillAt;
  /** Seen from outside; then the gateway is killed. */
  reached?: (restarted: RestartedGateway) => Promise<unknown>;
  /** What makes it happen, once the gateway is ready. */
  provoke?: (restarted: RestartedGateway) => Promise<void>;
  behaviour?: ModelBehaviour;
  /** Of each resume. */
  timeoutMs?: number;
  /** The user sees a reply and the gateway never hears that they do. */
  losesReceipts?: boolean;
  /**
   * One slot: the host never repeats a send that has begun, so that another reply which is on its way just then, not yet at
   * the API, would be lost to its user.
   */
  oneAtATime?: boolean;
};

/** A user who was not interrupted. */
const OTHER_CHAT = 900;

/** What the host tells a user who writes while it stops. */
const REFUSED = /Gateway is restarting\. Please wait a few seconds and try again/;

export const KILL_POINTS: readonly KillPoint[] = [
  { name: "after mark", at: { step: "service" } },
  { name: "mid-claim", at: { step: "claimed", nth: 3, orElse: "booted" } },
  { name: "all claimed", at: { step: "booted" } },
  { name: "queued", at: { step: "queued", nth: 2 } },
  { name: "slot taken", at: { step: "started" } },
  { name: "run admitted", at: { step: "run", with: { phase: "start" } } },
  { name: "model called", behaviour: resumesHang, reached: (restarted) => restarted.waitForResumes(1) },
  { name: "reply generated", at: { step: "run", with: { phase: "end" } } },
  { name: "reply being delivered", losesReceipts: true, oneAtATime: true, reached: waitForLostReceipt },
  {
    name: "being preempted",
    at: { step: "cancelled", with: { cause: "other-user" } },
    behaviour: resumesHang,
    provoke: async (restarted) => {
      await restarted.waitForResumes(1);
      userWrites(restarted, OTHER_CHAT);
    },
  },
  {
    name: "being superseded",
    at: { step: "cancelled", with: { cause: "own-user" } },
    behaviour: resumesHang,
    provoke: async (restarted) => {
      const [resume] = await restarted.waitForResumes(1);
      userWrites(restarted, resume!.chat!);
    },
  },
  {
    name: "its user refused",
    at: { step: "cancelled", with: { cause: "other-user" } },
    behaviour: resumesHang,
    provoke: async (restarted) => {
      // One that waits in the queue: its turn, too, is refused by a gateway that stops.
      const runs = (await restarted.waitForResumes(1)).map(({ chat }) => chat);
      const waiting = restarted.chats.find(
        ({ chatId }) => !runs.includes(chatId) && repliesTo(restarted, chatId).length === 0,
      );
      userWrites(restarted, waiting!.chatId);
    },
  },
  {
    name: "being retried",
    at: { step: "started", with: { attempt: 2 } },
    behaviour: resumesHang,
    timeoutMs: 1_000,
  },
  { name: "settling", at: { step: "ended", with: { result: "completed" } }, oneAtATime: true },
  { name: "settled", at: { step: "settled", with: { outcome: "completed" } }, oneAtATime: true },
];

/** Short rests, so that each step comes soon. */
export const KILL_SETTINGS = { lane: { quietMs: 300 }, resume: { retryDelayMs: 200 } };

/** Boots the gateway and has it die at this point. */
export async function dieAt(
  restarted: RestartedGateway,
  point: KillPoint,
  signal: Signal,
  onFuse: OnFuse = () => undefined,
): Promise<void> {
  restarted.model.behaviour = point.behaviour ?? answer;
  const isOurs = (text: string) => text.startsWith("Resumed ");
  restarted.botApi.fate = ({ text }) =>
    point.losesReceipts === true && isOurs(text) ? { kind: "hang", seen: true } : undefined;
  const { timeoutMs = 60_000 } = point;
  await restarted.spawn({
    settings: {
      ...KILL_SETTINGS,
      resume: { ...KILL_SETTINGS.resume, timeoutMs },
      ...(point.oneAtATime === true ? { budget: { maxConcurrent: 1 } } : {}),
    },
    ...(point.at === undefined ? {} : { beside: [stageKiller(point.at, signal)] }),
  });
  const { gateway } = restarted;
  const goesOn = unblow(restarted, onFuse).then(() => point.provoke?.(restarted));
  if (point.reached !== undefined) {
    await goesOn;
    await point.reached(restarted);
    await gateway.stop(signal);
  }
  const died = gateway.exited.then(() => undefined);
  // What was under way when it died fails with it.
  const failed = goesOn
    .then(() => died)
    .catch((error: unknown) => (gateway.running ? Promise.reject(error) : undefined));
  try {
    await within(Promise.all([died, failed]), 120_000, `death at "${point.name}"`);
  } catch (error) {
    throw new Error(`${String(error)}\n${restarted.model.describe()}\n${gateway.logTail()}`, { cause: error });
  }
  const exit = await gateway.exited;
  // The host's channel gives its hanging sends up after 5 s, and calls that a failure.
  const code = point.losesReceipts === true ? expect.toBeOneOf([0, 1]) : 0;
  const expected = signal === "SIGKILL" ? { code: null, signal } : { code, signal: null };
  expect(exit, `${point.name}\n${gateway.logTail()}`).toEqual(expected);
  await waitFor(() => restarted.model.running === 0, { timeoutMs: 10_000, what: "its requests to end" });
}

/** Boots it once more, to finish. Every interrupted conversation must have come to exactly one end. */
export async function expectOneEndEach(restarted: RestartedGateway, onFuse: OnFuse = () => undefined): Promise<void> {
  restarted.model.behaviour = answer;
  restarted.botApi.fate = () => undefined;
  await restarted.boot();
  await unblow(restarted, onFuse);
  const status = () => restarted.gateway.call<StatusView>("resumes.status", {});
  const wrote = usersWho(restarted);
  const isServed = (chatId: number) => repliesTo(restarted, chatId).length > 0;
  const isTold = (chatId: number) => restarted.botApi.replies(chatId).some(({ text }) => REFUSED.test(text));
  const last = await waitFor(
    async () => {
      const { queue, running, held, lane } = await status();
      const isHeld = (sessionKey: string) => held.some((one) => one.sessionKey === sessionKey);
      const isOver = queue.length === 0 && running.length === 0 && lane.mode === "waiting";
      const ended = restarted.chats.every(({ chatId, sessionKey }) => isServed(chatId) || isHeld(sessionKey));
      return isOver && ended && [...wrote.keys()].every((chatId) => isServed(chatId) || isTold(chatId)) && { isHeld };
    },
    {
      timeoutMs: 90_000,
      what: "every conversation's end",
      lastState: () => `${restarted.describeReplies()}\n${restarted.botApi.describe()}\n${restarted.gateway.logTail()}`,
    },
  );
  // Whatever else the host's queue or channel would send comes within seconds.
  await sleep(3_000);
  const entries = restarted.entries();
  for (const { sessionKey, chatId } of restarted.chats) {
    const replies = repliesTo(restarted, chatId);
    const resumed = replies.filter((text) => text.startsWith("Resumed"));
    const isHeld = last.isHeld(sessionKey);
    const ends = endsOf(restarted, sessionKey);
    const found = `${sessionKey}: ${JSON.stringify({ replies, ends, isHeld })}`;
    const asked = wrote.get(chatId) ?? 0;
    // One turn each: the interrupted one and those of its user since.
    expect(resumed.length, found).toBeLessThanOrEqual(1);
    expect(replies.length, found).toBeLessThanOrEqual(1 + asked);
    if (isHeld) expect(resumed, found).toEqual([]);
    // A kill just after the end can take its log line along, never add another.
    expect(ends.length, found).toBeLessThanOrEqual(1);
    if (ends.length === 1)
      expect(ends, found).toEqual([
        isHeld ? "held" : asked > 0 ? expect.stringMatching(/^(superseded|completed)$/) : "completed",
      ]);
    expect(entries.get(sessionKey)?.["status"], found).not.toBe("running");
    expectTranscriptIntact(restarted, sessionKey, chatId, resumed.length);
  }
  for (const [chatId, asked] of wrote) expect(repliesTo(restarted, chatId).length).toBeLessThanOrEqual(asked + 1);
}

function expectTranscriptIntact(
  restarted: RestartedGateway,
  sessionKey: string,
  chatId: number,
  resumed: number,
): void {
  const events = readTranscript(restarted.stateDir, sessionKey);
  const texts = (role: string) =>
    events.flatMap(({ message }) => (message?.role === role ? JSON.stringify(message.content) : []));
  const found = `${sessionKey}: ${JSON.stringify(
    events.map(({ type, id, parentId, message }) => ({
      type,
      id,
      parentId,
      role: message?.role,
      content: message?.content,
    })),
    null,
    1,
  )}`;
  const asking = texts("user").filter((text) => text.includes(`Please summarise our plan [chat ${chatId}]`));
  // Elsewhere a run that is cut off can leave the message a second time.
  const most = testedHost().features.has("silent-runs") ? 1 : events.length;
  expect(asking.length, found).toBeGreaterThanOrEqual(1);
  expect(asking.length, found).toBeLessThanOrEqual(most);
  expect(
    texts("user").filter((text) => text.includes("interrupted by a gateway restart")),
    found,
  ).toEqual([]);
  expect(texts("assistant").filter((text) => text.includes(`Resumed [chat ${chatId}]`)).length, found).toBe(resumed);
  const ids = new Set(events.map(({ id }) => id));
  const orphans = events.filter(({ parentId }) => parentId != null && !ids.has(parentId));
  expect(orphans, found).toEqual([]);
}

/** Told the status of a gateway whose fuse has blown. */
type OnFuse = (status: StatusView) => void;

/** After three deaths nothing starts until the operator says so. */
async function unblow(restarted: RestartedGateway, onFuse: OnFuse): Promise<void> {
  const { gateway } = restarted;
  try {
    await gateway.waitUntilReady(60_000);
    const status = await gateway.call<StatusView>("resumes.status", {});
    if (status.lane.fusedUntilMs === null) return;
    onFuse(status);
    expect((await restarted.metrics()).get('openclaw_resume_lane_paused{cause="fuse"}')).toBe(1);
    await gateway.call("resumes.unpause", {});
  } catch (error) {
    // It may have died as it should.
    if (gateway.running) throw error;
  }
}

async function waitForLostReceipt(restarted: RestartedGateway): Promise<void> {
  const count = () => restarted.botApi.calls.filter(({ outcome }) => outcome === "lost").length;
  const before = count();
  await waitFor(() => count() > before, {
    timeoutMs: 60_000,
    what: "a reply on its way out",
    lastState: () => `${restarted.botApi.describe()}\n${restarted.gateway.logTail()}`,
  });
}

const written = new WeakMap<RestartedGateway, Map<number, number>>();

function userWrites(restarted: RestartedGateway, chatId: number): void {
  const wrote = usersWho(restarted);
  wrote.set(chatId, (wrote.get(chatId) ?? 0) + 1);
  written.set(restarted, wrote);
  restarted.botApi.userSays({ chatId, text: `And now? ${USER_MARK} [chat ${chatId}]` });
}

/** How often each user has written since the first restart. */
const usersWho = (restarted: RestartedGateway): Map<number, number> =>
  written.get(restarted) ?? new Map<number, number>();

const repliesTo = (restarted: RestartedGateway, chatId: number): string[] =>
  restarted.botApi
    .replies(chatId)
    .map(({ text }) => text)
    .filter((text) => /^(Resumed|Answered) /.test(text));

/** The different final outcomes in the logs of all boots. */
function endsOf(restarted: RestartedGateway, sessionKey: string): string[] {
  const settled = restarted
    .log("all boots")
    .filter((line) => line["msg"] === "settled" && line["sessionKey"] === sessionKey);
  return [...new Set(settled.map(({ outcome }) => String(outcome)))];
}
