import type { PageView, TimelineRun, TimelineView } from "../../../src/operate/page-views.ts";
import { statusView } from "../cli/sample-views.ts";

export const BOOT = 1_790_000_000_000;

export const run = (over: Partial<TimelineRun> = {}): TimelineRun => ({
  agentId: "main",
  sessionKey: "agent:main:chat",
  name: "Anna",
  slot: 1,
  fromMs: BOOT,
  toMs: BOOT + 10_000,
  result: "completed",
  cancelled: null,
  ...over,
});

export const timelineView = (over: Partial<TimelineView> = {}): TimelineView => ({
  startedAtMs: BOOT,
  fromMs: BOOT,
  toMs: BOOT + 100_000,
  busy: [{ fromMs: BOOT, toMs: null }],
  slots: 2,
  runs: [],
  users: { running: [], waiting: [] },
  starved: { main: [], "startup-resume": [] },
  isCut: false,
  ...over,
});

/** Of a gateway at whose boot nothing was interrupted. */
export function pageView(over: Partial<PageView> = {}): PageView {
  const {
    queue: _queue,
    held: _held,
    running: _running,
    ...status
  } = statusView({ users: { waiting: 0, running: 0 } });
  return {
    ...status,
    counts: { queued: 0, running: 0, held: 0 },
    running: [],
    timeline: timelineView(),
    verdicts: [],
    settings: [],
    listsRevision: "1",
    takesCommands: true,
    stranded: 0,
    ...over,
  };
}
