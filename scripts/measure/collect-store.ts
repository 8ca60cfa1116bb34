/** C100k: a collection of a store of 100,000 rows, against a process that reads and parses the file and does nothing else. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { buildPlugin } from "../../test/support/stage-plugin.ts";
import { makeTempDir, removeTempDir } from "../../test/support/temp.ts";
import { median, ms, type Row, type Say } from "./row.ts";

const ROWS = 100_000;
const ROUNDS = 7;
const MOST = 1.3;
const HOUR_MS = 3_600_000;
const FOLDER = "agents/main/sessions";
const UNDO = "resume-scheduler/gc";
const STALE = ["--max-age-hours", "120", "--idle-hours", "24"];

export async function collectStore(say: Say): Promise<Row[]> {
  const stateDir = makeTempDir("collect-store");
  try {
    say(`writing a store of ${ROWS} rows`);
    const store = path.join(stateDir, FOLDER, "sessions.json");
    fs.mkdirSync(path.dirname(store), { recursive: true });
    fs.writeFileSync(store, storeText(Date.now()));
    const bytesPerRow = Math.round(fs.statSync(store).size / ROWS);
    const bin = path.join(buildPlugin(), "dist/bin.js");
    const parse = `JSON.parse(require("node:fs").readFileSync(${JSON.stringify(store)}, "utf8"))`;
    const gc = (...rules: string[]) => timeOf(bin, "gc", "--state-dir", stateDir, ...rules);
    const undo = () => {
      const [id = ""] = fs.readdirSync(path.join(stateDir, UNDO)).toSorted().slice(-1);
      gc("--undo", id);
    };
    const times = { parse: [] as number[], few: [] as number[], most: [] as number[], apply: [] as number[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      say(`round ${round + 1} of ${ROUNDS}`);
      times.parse.push(timeOf("-e", parse));
      times.few.push(gc("--max-age-hours", "400", "--idle-hours", "290"));
      times.most.push(gc(...STALE));
      times.apply.push(gc(...STALE, "--apply"));
      undo();
    }
    const parseMs = median(times.parse);
    const as = (what: string, gcTimes: readonly number[], most: number) => ({
      what: `gc of ${ROWS} rows of ${bytesPerRow} bytes, ${what}, against reading and parsing`,
      figure: `${(median(gcTimes) / parseMs).toFixed(2)}x (${ms(median(gcTimes))}, ${ms(parseMs)})`,
      bar: most === Infinity ? "none: it writes" : `${most}x`,
      pass: median(gcTimes) / parseMs <= most,
      data: { parse: times.parse, gc: gcTimes, bytesPerRow },
    });
    return [
      as("3 of 100 to retire", times.few, MOST),
      as("92 of 100 to retire", times.most, MOST),
      as("92 of 100 retired (--apply)", times.apply, Infinity),
    ];
  } finally {
    removeTempDir(stateDir);
  }
}

function timeOf(...args: string[]): number {
  const startedAtMs = performance.now();
  execFileSync(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  return performance.now() - startedAtMs;
}

/** Rows as hosts of the time wrote them: where replies go, a snapshot of skills, counts of tokens. */
function storeText(nowMs: number): string {
  const rows = Array.from({ length: ROWS }, (_, at) => {
    const activeAt = nowMs - (at % 300) * HOUR_MS;
    const sessionId = `${at.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;
    const user = String(400_000 + at);
    const row = {
      sessionId,
      sessionStartedAt: activeAt - 24 * HOUR_MS,
      updatedAt: activeAt,
      lastInteractionAt: activeAt,
      startedAt: activeAt,
      endedAt: activeAt + 900,
      status: at % 7 === 0 ? "failed" : "done",
      chatType: "direct",
      deliveryContext: { channel: "telegram", to: user, accountId: "default" },
      lastChannel: "telegram",
      lastTo: user,
      inputTokens: 1234,
      outputTokens: 99,
      totalTokens: 1333,
      skillsSnapshot: {
        skills: Array.from({ length: 11 }, () => ({ name: "a-skill", primaryEnv: "NONE" })),
      },
    };
    return [`agent:main:telegram:direct:${user}`, row] as const;
  });
  return JSON.stringify(Object.fromEntries(rows), null, 2);
}
