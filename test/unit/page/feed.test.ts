import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Answer, Feed, type Known, type Surroundings } from "../../../src/page/feed.ts";
import { pageView } from "./page-view.ts";

const REFUSED = (code: string, message = "why") => ({ status: 403, ok: false, body: { error: { code, message } } });

/** A browser and a gateway; time moves only when told to. */
class World implements Surroundings {
  readonly asked: string[] = [];
  revision = "1";
  /** What the gateway answers in place of data; "gone": nothing. */
  trouble: Answer | "gone" | undefined;
  canReload = true;
  reloads = 0;
  streams: (Parameters<Surroundings["listen"]>[0] & { closed: boolean })[] = [];
  known: Known | undefined;
  readonly feed = new Feed(this, (known) => (this.known = known));

  nowMs() {
    return Date.now();
  }
  async get(path: string) {
    this.asked.push(path);
    await Promise.resolve();
    if (this.trouble === "gone") throw new TypeError("Failed to fetch");
    if (this.trouble !== undefined) return this.trouble;
    const { revision } = this;
    const body =
      path === "state.json" ? pageView({ listsRevision: revision }) : { revision, atMs: 0, queue: [], held: [] };
    return { status: 200, ok: true, body };
  }
  listen(on: Parameters<Surroundings["listen"]>[0]) {
    const stream = { ...on, closed: false };
    this.streams.push(stream);
    return { close: () => (stream.closed = true) };
  }
  after(ms: number, call: () => void) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  }
  reload() {
    if (this.canReload) this.reloads++;
    return this.canReload;
  }

  get open() {
    return this.streams.filter(({ closed }) => !closed);
  }
  /** What was asked for in so many milliseconds, from `act` on. */
  async during(ms: number, act = () => {}): Promise<string[]> {
    const before = this.asked.length;
    act();
    await vi.advanceTimersByTimeAsync(ms);
    return this.asked.slice(before);
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function shown({ streams = true } = {}): Promise<World> {
  const world = new World();
  world.feed.show(true);
  await world.during(0);
  if (streams) world.open[0]?.open();
  await world.during(0);
  return world;
}

const STATE = "state.json";
const LISTS = "sessions.json";

describe("Feed", () => {
  it("begins with the state, its lists and the stream", async () => {
    const world = await shown();
    expect(world.asked).toEqual([STATE, LISTS, STATE]);
    expect(world.known).toMatchObject({ connection: "live", lists: { revision: "1" }, message: null });
  });

  it("asks when told to, and every 10 s all the same", async () => {
    const world = await shown();
    expect(await world.during(9000, () => world.open[0]?.changed())).toEqual([STATE]);
    expect(await world.during(2000)).toEqual([STATE]);
  });

  it("polls every 2 s where there is no stream, and tries it again", async () => {
    const world = await shown({ streams: false });
    world.open[0]?.lost();
    await world.during(0);
    expect(world.known?.connection).toBe("polling");
    expect(await world.during(6100)).toEqual([STATE, STATE, STATE]);
    expect(world.streams).toHaveLength(2);
    world.open[0]?.open();
    await world.during(0);
    expect(world.known?.connection).toBe("live");
  });

  it("makes one request at a time, and one more for all that was told meanwhile", async () => {
    const world = await shown();
    const tellOften = () => {
      for (let told = 0; told < 5; told++) world.open[0]?.changed();
    };
    expect(await world.during(100, tellOften)).toEqual([STATE, STATE]);
  });

  it("fetches the lists when they have changed, at most once a second", async () => {
    const world = await shown();
    await world.during(5000);
    for (let told = 0; told < 8; told++) {
      world.revision += "x";
      world.open[0]?.changed();
      await world.during(250);
    }
    await world.during(1000);
    expect(world.asked.filter((path) => path === LISTS)).toHaveLength(4);
    expect(world.known?.lists?.revision).toBe(world.revision);
  });

  it("asks for nothing while nobody looks, and at once when somebody does", async () => {
    const world = await shown();
    world.feed.show(false);
    expect(await world.during(60_000)).toEqual([]);
    expect(world.open).toEqual([]);
    expect(await world.during(0, () => world.feed.show(true))).toEqual([STATE]);
    expect(world.open).toHaveLength(1);
  });

  it("opens no stream and asks for no more when it is hidden while it asks", async () => {
    const world = new World();
    world.feed.show(true);
    world.feed.show(false);
    await world.during(60_000);
    expect([world.asked, world.streams]).toEqual([[STATE], []]);
  });

  it("keeps what it knows while the gateway is gone, and recovers by itself", async () => {
    const world = await shown();
    world.trouble = "gone";
    world.open[0]?.lost();
    expect(world.known?.connection).toBe("polling");
    await world.during(1000);
    expect(world.known).toMatchObject({ connection: "gone", view: { state: "active" }, lists: { revision: "1" } });
    expect(await world.during(4100)).toEqual([STATE, STATE]);
    world.trouble = undefined;
    world.revision = "2";
    await world.during(2000);
    expect(world.known).toMatchObject({ connection: "polling", lists: { revision: "2" } });
    world.open[0]?.open();
    await world.during(0);
    expect(world.known?.connection).toBe("live");
  });

  it("takes an answer that is not the plugin's for a gateway that is not there yet", async () => {
    const world = await shown();
    world.trouble = { status: 502, ok: false, body: null };
    await world.during(10_000);
    expect(world.known?.connection).toBe("gone");
  });

  it("says that it is not signed in any more, rather than that the gateway is gone", async () => {
    const world = await shown();
    world.trouble = { status: 401, ok: false, body: { error: "Unauthorized" } };
    await world.during(10_000);
    expect(world.known).toMatchObject({ connection: "unavailable", message: expect.stringContaining("signed in") });
  });

  it("says why there is no data", async () => {
    const world = await shown();
    world.trouble = REFUSED("unavailable", "it does not run");
    await world.during(10_000);
    expect(world.known).toMatchObject({ connection: "unavailable", message: "it does not run" });
    world.trouble = undefined;
    await world.during(2000);
    expect(world.known).toMatchObject({ connection: "polling", message: null });
  });

  it("loads the page anew for another ticket, but not in a loop", async () => {
    const world = await shown();
    world.trouble = REFUSED("ticket");
    await world.during(10_000);
    expect(world.reloads).toBe(1);
    world.canReload = false;
    await world.during(10_000);
    expect(world.reloads).toBe(1);
    expect(world.known).toMatchObject({ connection: "unavailable", message: "why" });
  });
});
