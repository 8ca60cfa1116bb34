/** I8: nobody writes after the crash. */
import { answer, RestartedGateway } from "../../test/support/restarted-gateway.ts";
import { answerCounts, untilLaneIsEmpty } from "../demo/answered-once.ts";
import type { Row, Say } from "./row.ts";

const CHATS = 8;
/** `budget.maxConcurrent` by default. */
const BUDGET = 2;

export async function idle(say: Say): Promise<Row[]> {
  say(`${CHATS} interrupted chats, nobody writes`);
  // Slow enough an answer that two resumes are at the model at once.
  await using restarted = await RestartedGateway.start({
    chats: CHATS,
    behaviour: (request) => ({ ...answer(request), delayMs: 300 }),
  });
  await untilLaneIsEmpty(restarted, 90_000);
  const counts = answerCounts(restarted);
  const { peakRunning } = restarted.model;
  return [
    {
      what: "interrupted sessions, idle gateway",
      figure: `${counts.one} of ${CHATS} answered once, ${counts.none} lost, ${counts.more} twice; peak ${peakRunning} at the model`,
      bar: `${CHATS} of ${CHATS} once, peak <= ${BUDGET}`,
      pass: counts.one === CHATS && peakRunning <= BUDGET,
      data: { ...counts, peakRunning, requests: restarted.model.requests.length },
    },
  ];
}
