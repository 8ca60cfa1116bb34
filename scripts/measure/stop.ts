/** T2: SIGTERM while two resumes run. */
import { answer, RestartedGateway, resumesHang } from "../../test/support/restarted-gateway.ts";
import { answerCounts, untilLaneIsEmpty } from "../demo/answered-once.ts";
import { ms, type Row, type Say } from "./row.ts";

const CHATS = 8;
const MAX_EXIT_MS = 3_000;

export async function stop(say: Say): Promise<Row[]> {
  say("SIGTERM while two resumes run");
  await using restarted = await RestartedGateway.start({ chats: CHATS, behaviour: resumesHang });
  await restarted.waitForResumes(2);
  const { exitMs, code } = await restarted.stop("SIGTERM");
  say("the next start");
  restarted.model.behaviour = answer;
  await restarted.boot();
  await untilLaneIsEmpty(restarted, 90_000);
  const counts = answerCounts(restarted);
  return [
    {
      what: "SIGTERM while two resumes run",
      figure: `exit in ${ms(exitMs)}, code ${code}; after the restart ${counts.one} of ${CHATS} answered once, ${counts.none} lost, ${counts.more} twice`,
      bar: `exit < ${MAX_EXIT_MS / 1000} s, 0 lost, 0 twice`,
      pass: exitMs < MAX_EXIT_MS && counts.one === CHATS,
      data: { exitMs, code, ...counts },
    },
  ];
}
