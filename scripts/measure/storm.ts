/** P60: a provider that answers 429 for a minute, with the settings as they come: what it is asked meanwhile. */
import { answer, RestartedGateway, USER_MARK } from "../../test/support/restarted-gateway.ts";
import type { ModelAnswer } from "../../test/support/stub-model.ts";
import { sleep } from "../../test/support/wait.ts";
import { median, ms, type Row, type Say } from "./row.ts";

const STORM_MS = 60_000;
/** `cooldown.initialMs`, and twice that. */
const STEPS_MS = [30_000, 60_000];
const REPLY_BOUND_MS = 5_000;
const RATE_LIMITED: ModelAnswer = {
  kind: "error",
  status: 429,
  body: { error: { message: "Rate limit reached for requests", type: "rate_limit_error" } },
};

export async function storm(say: Say): Promise<Row[]> {
  let untilMs = Infinity;
  await using restarted = await RestartedGateway.start({
    agents: 3,
    agentModels: { support: "other/stub-1" },
    // As by default.
    settings: { budget: { startIntervalMs: 250, startsPerMinute: 30 } },
    behaviour: (request) => (Date.now() < untilMs && request.provider === "stub" ? RATE_LIMITED : answer(request)),
  });
  const asked = () =>
    restarted.model.requests.filter(
      ({ provider, lastUserText }) => provider === "stub" && !lastUserText.includes(USER_MARK),
    );
  await restarted.model.waitForRequests(1, 60_000, ({ provider }) => provider === "stub");
  untilMs = asked()[0]!.atMs + STORM_MS;
  say(`429 for ${STORM_MS / 1000} s, a user of another provider meanwhile`);
  const { token } = restarted.chats.find(({ agentId }) => agentId === "support")!;
  // The first turn of an agent loads its reply path.
  await restarted.ask(900, { token });
  const replies: number[] = [];
  for (let nth = 1; Date.now() < untilMs - 5_000; nth += 1) {
    replies.push(await restarted.ask(900 + nth, { token }));
    await sleep(4_000);
  }
  await sleep(Math.max(0, untilMs - Date.now()));
  const during = asked().length;
  say("waiting for all resumes to finish");
  await restarted.waitForReplies(1, 120_000);
  await sleep(2_000);
  const twice = restarted.chats.filter((chat) => restarted.repliesTo(chat).length !== 1).length;
  const steps = 1 + STEPS_MS.filter((_, nth) => sum(STEPS_MS.slice(0, nth + 1)) < STORM_MS).length;
  const replyMs = median(replies);
  return [
    {
      what: "429 for 60 s to every request for 6 of 8 interrupted chats, default settings",
      figure: `${during} requests in ${steps} cool-down steps; then 8 of 8 answered, ${twice} not once; users of another provider ${ms(replyMs)} (median of ${replies.length})`,
      bar: `at most ${steps} requests, all answered once, users under ${REPLY_BOUND_MS / 1000} s`,
      pass: during <= steps && twice === 0 && Math.max(...replies) < REPLY_BOUND_MS,
      data: { during, steps, twice, replies },
    },
  ];
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
