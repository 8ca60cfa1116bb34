import { expect, it } from "vitest";
import { EventBus } from "../../../src/domain/events.ts";
import { Permits } from "../../../src/host/permits.ts";
import { settingsOf } from "../support/fake-office.ts";

const NO_PACE = { startIntervalMs: 0, startsPerMinute: 0 };

/** Those of a gateway on its own. */
const alone = (pace: Partial<typeof NO_PACE> = {}) =>
  Permits.open({
    settings: settingsOf({ budget: { ...NO_PACE, ...pace } }),
    config: () => ({}),
    events: new EventBus(),
    nowMs: () => performance.now(),
    after: (delayMs, callback) => {
      const handle = setTimeout(callback, delayMs);
      return () => clearTimeout(handle);
    },
  });

it("a gateway on its own needs permits for its pace only, by the settings that are in force", async () => {
  const permits = await alone();
  expect(permits.fleet).toBeUndefined();
  const { startIntervalMs } = settingsOf({}).budget;
  expect([permits.areNeeded(NO_PACE), permits.areNeeded({ ...NO_PACE, startIntervalMs })]).toEqual([false, true]);
  expect(permits.areNeeded({ ...NO_PACE, startsPerMinute: 1 })).toBe(true);
});

it("goes by its pace, also when that is changed while a start is waited for", async () => {
  const permits = await alone({ startIntervalMs: 3_600_000 });
  await permits.ask();
  const second = permits.ask();
  expect(permits.waitsFor).toBe("pace");
  permits.setPace(NO_PACE);
  await second;
  expect(permits.waitsFor).toBeUndefined();
  await permits.close();
});
