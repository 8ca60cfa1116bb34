import { expect, it } from "vitest";
import { VirtualClock } from "../../../scripts/simulate/clock.ts";
import { LoadMeter, mostPerMinute } from "../../../scripts/simulate/load-meter.ts";
import { Provider } from "../../../scripts/simulate/provider.ts";
import type { ProviderLimits } from "../../../scripts/simulate/world.ts";

function make(limits: Partial<ProviderLimits>) {
  const clock = new VirtualClock();
  const meter = new LoadMeter();
  return {
    clock,
    meter,
    provider: new Provider({ concurrent: undefined, perMinute: undefined, ...limits }, clock, meter),
  };
}

/** Time passes. */
function pass(clock: VirtualClock, ms: number): void {
  let isOver = false;
  clock.after(ms, () => (isOver = true));
  clock.run(() => isOver, Infinity);
}

it("takes so many at once, of resumes and users together, and counts those that it refuses", () => {
  const { provider, meter } = make({ concurrent: 2 });
  const first = provider.ask("resume");
  expect([first, provider.ask("user"), provider.ask("user"), provider.ask("resume")]).toMatchObject([
    { isAccepted: true },
    { isAccepted: true },
    { isAccepted: false },
    { isAccepted: false },
  ]);
  expect(meter.refused).toEqual({ resume: 1, user: 1 });
  first.end();
  expect(provider.ask("resume").isAccepted).toBe(true);
});

it("takes so many in any minute, however long they take, and does not count what it refused", () => {
  const { provider, clock } = make({ perMinute: 3 });
  const accepted: number[] = [];
  for (let step = 0; step < 400; step += 1) {
    const request = provider.ask("resume");
    if (request.isAccepted) accepted.push(clock.nowMs);
    request.end();
    pass(clock, 1000);
  }
  expect(accepted).toEqual(
    [0, 1, 2, 60, 61, 62, 120, 121, 122, 180, 181, 182, 240, 241, 242, 300, 301, 302, 360, 361, 362].map(
      (s) => s * 1000,
    ),
  );
});

it("is measured second by second: the most at once, the average, the most in a minute; users apart", () => {
  const { provider, clock, meter } = make({});
  const one = provider.ask("resume");
  const two = provider.ask("resume");
  provider.ask("user");
  pass(clock, 500);
  two.end();
  pass(clock, 2500);
  one.end();
  pass(clock, 1000);
  expect(meter.atOnce.slice(0, 4)).toEqual([2, 1, 1, 1]);
  expect(meter.mean(4000)).toBe((2 * 500 + 2500) / 4000);
  expect(meter.atOnce).toEqual([2, 1, 1, 1, 0]);
  expect(meter.requests).toEqual([2, 0, 0, 0, 0]);
});

it("has its busiest minute anywhere", () => {
  const bySecond = Array.from({ length: 200 }, (_, second) =>
    second === 30 || second === 89 ? 5 : second === 150 ? 6 : 0,
  );
  expect(mostPerMinute(bySecond)).toBe(10);
  expect(mostPerMinute([])).toBe(0);
});
