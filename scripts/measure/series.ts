/** S10k: the number of series, and the time of a scrape, with few and with many interrupted sessions. */
import { RestartedGateway, resumesHang } from "../../test/support/restarted-gateway.ts";
import { copySession } from "../../test/support/state-store.ts";
import { median, ms, type Row, type Say } from "./row.ts";

const FEW = 10;
const MANY = 10_000;
const SCRAPES = 21;

export async function series(say: Say): Promise<Row[]> {
  const [few, many] = [await scrapeWith(FEW, say), await scrapeWith(MANY, say)];
  return [
    {
      what: `series with ${FEW} and with ${MANY} interrupted sessions`,
      figure: `${few.series.length} and ${many.series.length}; a scrape takes ${ms(few.scrapeMs)} and ${ms(many.scrapeMs)}`,
      bar: "equal",
      pass: JSON.stringify(few.series) === JSON.stringify(many.series),
      data: {
        few: few.series.length,
        many: many.series.length,
        fewScrapeMs: few.scrapeMs,
        manyScrapeMs: many.scrapeMs,
      },
    },
  ];
}

/** Observed only: the host needs a minute to mark ten thousand, claiming them takes as long again. */
async function scrapeWith(sessions: number, say: Say): Promise<{ series: string[]; scrapeMs: number }> {
  say(`a gateway with ${sessions} interrupted sessions`);
  const [original, ...copies] = Array.from({ length: sessions - 7 }, (_, index) => key(index));
  await using restarted = await RestartedGateway.start({
    behaviour: resumesHang,
    settings: { mode: "observe" },
    prepare: (stateDir) => copySession(stateDir, original!, copies),
    readyTimeoutMs: 180_000,
  });
  const judged = [...(await restarted.metrics())].filter(([name]) => name.startsWith("openclaw_resume_sessions"));
  const candidates = judged.reduce((sum, [, count]) => sum + count, 0);
  if (candidates !== sessions) throw new Error(`${candidates} sessions were judged, not ${sessions}`);
  const times: number[] = [];
  let names: string[] = [];
  for (let round = 0; round < SCRAPES; round += 1) {
    const startedAtMs = performance.now();
    names = [...(await restarted.metrics()).keys()];
    times.push(performance.now() - startedAtMs);
  }
  return { series: names, scrapeMs: median(times) };
}

/** The first is a chat of the crashed state, which has 8 of them. */
const key = (index: number): string => `agent:main:telegram:direct:${index === 0 ? 101 : 50_000 + index}`;
