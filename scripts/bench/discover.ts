/**
 * S1: from the host's session store to verdicts, against the host's own listing.
 *
 * What the host takes to read the transcripts of the admitted ones is taken off, and told beside it: their number is limited
 * by the boot limit, not by the rows, and how they are read is S2.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { PluginRuntime } from "openclaw/plugin-sdk/runtime-store";
import { removeTempDir } from "../../test/support/temp.ts";
import type { Say } from "./benches.ts";
import { workNs } from "./clock.ts";
import { median } from "../measure/row.ts";
import { compare, inUnits, WARM_UPS } from "./compare.ts";
import { storeOf } from "./discover-store.ts";
import type { Figure } from "./figure.ts";
import { LoopWatch, type Longest } from "./loop-watch.ts";

const SIZES = [5_000, 100_000];
const INTERRUPTED = 0.05;
const MOST_TIMES_THE_LISTING = 1.2;
const LONGEST_BLOCK_MS = 10;

export async function discover(say: Say): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const rows of SIZES) figures.push(...(await discoverAmong(rows, say)));
  return figures;
}

async function discoverAmong(rows: number, say: Say): Promise<Figure[]> {
  const interrupted = rows * INTERRUPTED;
  say(`writing a store with ${rows} sessions`);
  const stateDir = await storeOf({ rows, interrupted });
  try {
    const judging = await judgeIn(stateDir);
    say(`judging ${interrupted} of ${rows} sessions`);
    const blocks: Longest[] = [];
    const transcripts: number[] = [];
    const times = await compare({
      bare: {
        run: () => expectCount(judging.list().filter(({ entry }) => entry.status === "running").length, interrupted),
      },
      ours: {
        run: async () => {
          const { judged, longest, transcriptsNs } = await judging.judge();
          expectCount(judged, interrupted);
          blocks.push(longest);
          transcripts.push(transcriptsNs);
        },
      },
    });
    const block = (of: keyof Longest) => median(blocks.slice(WARM_UPS).map((one) => one[of]));
    const readingNs = median(transcripts.slice(WARM_UPS));
    const named = `${rows.toLocaleString("en")} sessions, ${interrupted.toLocaleString("en")} interrupted`;
    return [
      {
        what: `discover and admit, the host's reading of transcripts apart: ${named}`,
        value: (times.ours - readingNs) / times.bare,
        unit: "x",
        bar: { atMost: MOST_TIMES_THE_LISTING },
        from: `${inUnits(times.ours - readingNs)} and ${inUnits(readingNs)} for transcripts, against ${inUnits(times.bare)} for the host's list call and a filter`,
      },
      {
        what: `longest block of the event loop beside that call: ${named}`,
        value: block("withoutPausesNs") / 1e6,
        unit: "ms",
        bar: { atMost: LONGEST_BLOCK_MS },
        from: `between two turns of the loop, transcripts included; ${inUnits(block("ns"))} with the garbage collector's pauses, which grow with what the host's call returns. Up to 100 interrupted sessions are judged in one piece (66 in some 50 ms), and the claims that follow begin with one of 0.3 s: a gateway that starts is ready sooner so`,
      },
    ];
  } finally {
    removeTempDir(stateDir);
  }
}

function expectCount(count: number, expected: number): void {
  if (count !== expected) throw new Error(`${count} sessions, not ${expected}`);
}

type Session = PluginRuntime["agent"]["session"];

/** The plugin's own way from the store to verdicts, with its default settings, in this process. */
async function judgeIn(stateDir: string) {
  process.env["OPENCLAW_STATE_DIR"] = stateDir;
  // Only now: what the host's modules find when they are loaded counts.
  const sdk = await import("openclaw/plugin-sdk/session-store-runtime");
  const { judgeSessions } = await import("../../src/host/admission.ts");
  const { hostParts } = await import("../../src/host/host-parts.ts");
  const { loadSdk } = await import("../../src/host/sdk.ts");
  const { betweenTurns } = await import("../../src/host/slices.ts");
  const { resolveSettings } = await import("../../src/settings/resolve.ts");
  await loadSdk();
  const resolved = resolveSettings({});
  if (!resolved.ok) throw new Error("the default settings are wrong");
  const { settings } = resolved;
  const loop = new LoopWatch();
  const session = {
    ...sdk,
    listSessionEntries: (params: Parameters<Session["listSessionEntries"]>[0]) =>
      loop.without(() => sdk.listSessionEntries(params)),
  };
  const config = { session: { dmScope: "per-channel-peer" } };
  const runtime = { agent: { session }, config: { current: () => config } } as unknown as PluginRuntime;
  const real = hostParts(runtime, stateDir);
  let transcriptsNs = 0;
  const atBoot: typeof real.transcripts.atBoot = (row) => {
    const startedNs = workNs();
    const facts = real.transcripts.atBoot(row);
    transcriptsNs += workNs() - startedNs;
    return facts;
  };
  const host = { ...real, transcripts: { ...real.transcripts, atBoot } };
  return {
    list: () => sdk.listSessionEntries({ agentId: "main", readOnly: true, hydrateSkillPromptRefs: false }),
    async judge() {
      const nowMs = Date.now();
      const events = { emit: () => undefined };
      transcriptsNs = 0;
      loop.start();
      const work = judgeSessions(host, { settings, known: [], lost: undefined, nowMs, liveSinceMs: nowMs, events });
      const { judged } = await betweenTurns(work);
      loop.stop();
      // The collector is told of a turn later.
      await delay(1);
      return { judged: judged.length, longest: loop.longest(), transcriptsNs };
    },
  };
}
