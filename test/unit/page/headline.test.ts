import { describe, expect, it } from "vitest";
import type { PageView } from "../../../src/operate/page-views.ts";
import { headline } from "../../../src/page/headline.ts";
import { totals } from "../cli/sample-views.ts";
import { pageView } from "./page-view.ts";

const counts = (queued: number, running: number, held: number) => ({ queued, running, held });
const lane = (over: Partial<PageView["lane"]> = {}) => ({ ...pageView().lane, ...over });
const said = (over: Partial<PageView>) => {
  const { tone, title } = headline(pageView(over));
  return `${tone}: ${title}`;
};

describe("headline", () => {
  it("says clearly when nothing was interrupted, or all is done", () => {
    expect(said({})).toBe("ok: Nothing was interrupted");
    expect(said({ totals: totals({ admit: 3 }) })).toBe("ok: Nobody is waiting");
    expect(said({ bootedAtMs: null })).toBe("busy: This boot's sessions have not been judged yet");
  });

  it("says when nobody goes on with what was claimed", () => {
    for (const state of ["off", "observe", "misconfigured"] as const) {
      expect(said({ state, stranded: 3 })).toMatch(/^bad: .*: 3 claimed sessions wait$/);
      const { title, detail } = headline(pageView({ state, counts: counts(2, 1, 0) }));
      expect(title).toMatch(/: 2 claimed sessions wait$/);
      expect(detail).toMatch(/^1 resume that runs goes on\. Neither the plugin nor the host goes on/);
      expect(detail).not.toContain("as it would without the plugin");
      expect(headline(pageView({ state })).detail).toContain("as it would without the plugin");
    }
  });

  it("names the first wrong setting", () => {
    const settingsErrors = [{ path: "filter.idleHours", message: "must be above 0" }];
    const { detail } = headline(pageView({ state: "misconfigured", settingsErrors }));
    expect(detail).toMatch(/^filter\.idleHours: must be above 0\. Until/);
  });

  it("says for what users wait", () => {
    expect(said({ counts: counts(4, 0, 0), lane: lane({ waitingFor: "users" }) })).toBe(
      "busy: 4 users still wait for an interrupted answer: users go first",
    );
    expect(said({ counts: counts(1, 1, 0), lane: lane({ waitingFor: "operator" }) })).toBe(
      "warn: 1 user still waits for an interrupted answer: the operator has paused the lane",
    );
    expect(said({ counts: counts(1, 2, 0) })).toBe("busy: 1 user still waits for an interrupted answer");
    expect(said({ counts: counts(0, 2, 0) })).toBe("busy: 2 interrupted answers are being resumed");
  });

  it("puts users who wait for a turn first", () => {
    expect(said({ counts: counts(4, 1, 2), users: { waiting: 2, running: 0 } })).toBe("warn: 2 users wait for a turn");
  });

  it("does not forget what is held", () => {
    expect(said({ counts: counts(0, 0, 2) })).toBe("warn: Nothing is queued; 2 sessions are held");
    expect(headline(pageView({ counts: counts(1, 0, 2) })).detail).toContain("2 more are held");
  });

  it("says when the plugin only observes, or does nothing", () => {
    expect(said({ state: "observe", totals: totals({ admit: 5, hold: 2 }) })).toBe(
      "warn: The plugin only observes: it would resume 5 of 7 interrupted sessions",
    );
    expect(said({ state: "observe" })).toBe("warn: The plugin only observes: nothing was interrupted");
    expect(said({ state: "off" })).toBe("warn: The plugin is switched off");
    expect(said({ state: "misconfigured" })).toBe("bad: Nothing is resumed: the settings are wrong");
    expect(said({ state: "failed" })).toBe("bad: The plugin could not start");
  });
});
