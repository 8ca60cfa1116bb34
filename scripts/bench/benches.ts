/** The benchmarks, in the order of the table. */
import type { Figure } from "./figure.ts";

/** Tells what is going on. */
export type Say = (text: string) => void;

/** One benchmark, once: its figures. */
export type Bench = (say: Say) => Promise<Figure[]>;

type About = { what: string; load: () => Promise<Bench> };

export const BENCHES = {
  Q1: { what: "enqueue and dequeue through the lane", load: async () => (await import("./queue.ts")).throughput },
  Q2: { what: "one in, one out in a deep queue", load: async () => (await import("./queue.ts")).deepQueue },
  Q3: { what: "supersede or re-prioritise one by its key", load: async () => (await import("./by-key.ts")).byKey },
  Q4: { what: "memory of a queued resume", load: async () => (await import("./memory.ts")).memory },
  P1: { what: "from a user's signal to the abort", load: async () => (await import("./preempt.ts")).preempt },
  S1: { what: "discover and admit sessions", load: async () => (await import("./discover.ts")).discover },
  S2: { what: "read the end of a transcript", load: async () => (await import("./tails.ts")).tails },
  O1: { what: "metrics", load: async () => (await import("./metrics.ts")).metrics },
  B1: { what: "the real gateway's start", load: async () => (await import("./boot.ts")).boot },
  B2: { what: "import and register", load: async () => (await import("./register.ts")).register },
  R1: { what: "slots busy in the real gateway", load: async () => (await import("./busy.ts")).busy },
} as const satisfies Record<string, About>;

export type BenchId = keyof typeof BENCHES;

export const BENCH_IDS = Object.keys(BENCHES) as BenchId[];
