/** The budget of a fleet against a real Redis: what it holds to, and what becomes of it when Redis is not well. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createRedisFleet, type Fleet } from "../../src/fleet/redis-fleet.ts";
import type { Permit } from "../../src/lane/permits.ts";
import type { FleetSettings } from "../../src/settings/settings.ts";
import { PROJECT_ROOT } from "../support/gateway.ts";
import { runToEnd } from "../support/processes.ts";
import { RedisProxy, redisPrograms, RedisServer, selfSigned } from "../support/redis.ts";
import { skipWithout } from "../support/skip-without.ts";
import { sleep, waitFor } from "../support/wait.ts";

/** Longer than any test: a slot that is free before that was freed. */
const LEASE_MS = 120_000;
/** Bottleneck looks for leases that are over, and for a new minute, this often. */
const HEARTBEAT_MS = 5_000;
const BLACK_HOLE_MS = 12_000;
const PASSWORD = "p&ss:w/rd";

const programs = await redisPrograms();
const certificate = await selfSigned();
let redis: RedisServer;
let names = 0;

beforeAll(async () => {
  if (!("why" in programs)) redis = await RedisServer.start();
});
beforeEach((context) => skipWithout(context, programs));
afterAll(() => redis?.[Symbol.asyncDispose]());

/** A fleet nobody else is in. */
const newNamespace = () => `test-${++names}`;

/** What one gateway has of a fleet, and all that it was told. */
class Gateway implements AsyncDisposable {
  readonly fleet: Fleet;
  readonly lost: string[] = [];
  readonly disagreements: string[] = [];
  healed = 0;

  constructor(redisUrl: string, settings: Partial<FleetSettings> & { namespace: string }) {
    const after = (delayMs: number, callback: () => void) => {
      const timer = setTimeout(callback, delayMs);
      timer.unref();
      return () => clearTimeout(timer);
    };
    this.fleet = createRedisFleet({
      settings: {
        redisUrl,
        maxConcurrent: 2,
        startsPerMinute: undefined,
        leaseMs: LEASE_MS,
        fallbackConcurrent: 1,
        ...settings,
      },
      redisUrl: () => Promise.resolve(redisUrl),
      nowMs: () => performance.now(),
      after,
      events: {
        lost: (reason) => this.lost.push(reason),
        healed: () => (this.healed += 1),
        disagrees: (what) => this.disagreements.push(what),
      },
    });
  }

  /** The permit of an ask that has been made, as soon as there is one. */
  ask(): { readonly granted: Promise<Permit>; permit?: Permit } {
    const ask: { granted: Promise<Permit>; permit?: Permit } = { granted: this.fleet.ask() };
    void ask.granted.then((permit) => (ask.permit = permit));
    return ask;
  }

  async is(state: Fleet["state"], timeoutMs = 10_000): Promise<void> {
    await waitFor(() => this.fleet.state === state, {
      timeoutMs,
      what: `the fleet to be ${state}`,
      lastState: () => `${this.fleet.state}: ${this.fleet.lostReason}`,
    });
  }

  /** Slots that are taken in Redis. */
  async running(): Promise<number | undefined> {
    return (await this.fleet.usage())?.running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const startedAtMs = performance.now();
    await this.fleet.close();
    expect(performance.now() - startedAtMs).toBeLessThan(500 + 100);
  }
}

/** Long enough for a grant that must not come. */
const SOON_MS = 400;

describe("one budget", () => {
  it("is never exceeded by three gateways that all want it", async () => {
    const SLOTS = 4;
    const STARTS = 40;
    const namespace = newNamespace();
    await using one = new Gateway(redis.url, { namespace, maxConcurrent: SLOTS });
    await using two = new Gateway(redis.url, { namespace, maxConcurrent: SLOTS });
    await using three = new Gateway(redis.url, { namespace, maxConcurrent: SLOTS });
    let running = 0;
    let peak = 0;
    const run = async ({ fleet }: Gateway) => {
      const runs: Promise<void>[] = [];
      for (let nth = 0; nth < STARTS; nth += 1) {
        const permit = await fleet.ask();
        running += 1;
        peak = Math.max(peak, running);
        const work = async () => {
          await sleep(5 + (nth % 4) * 10);
          running -= 1;
          permit.end();
        };
        runs.push(work());
      }
      await Promise.all(runs);
    };
    await Promise.all([one, two, three].map(run));
    expect(peak).toBe(SLOTS);
    await waitFor(async () => (await one.running()) === 0, { timeoutMs: 5_000, what: "every slot to be free" });
    expect(await one.fleet.usage()).toMatchObject({ gateways: 3, limits: { maxConcurrent: SLOTS } });
  });

  it("is not shared between namespaces", async () => {
    await using one = new Gateway(redis.url, { namespace: newNamespace(), maxConcurrent: 1 });
    await using two = new Gateway(redis.url, { namespace: newNamespace(), maxConcurrent: 1 });
    await Promise.all([one.fleet.ask(), two.fleet.ask()]);
    expect([await one.running(), await two.running()]).toEqual([1, 1]);
  });

  it("gives a slot that was not used to the next at once, also when its gateway closes", async () => {
    const namespace = newNamespace();
    await using one = new Gateway(redis.url, { namespace, maxConcurrent: 1 });
    await using two = new Gateway(redis.url, { namespace, maxConcurrent: 1 });
    const permit = await one.fleet.ask();
    const next = two.ask();
    expect([one.fleet.waitsFor, two.fleet.waitsFor]).toEqual([undefined, "fleet"]);
    await sleep(SOON_MS);
    expect(next.permit).toBeUndefined();
    permit.giveBack();
    (await next.granted).end();
    await one.fleet.ask();
    const last = two.ask();
    await one.fleet.close();
    await last.granted;
    expect((await two.fleet.usage())?.gateways).toBe(1);
  });

  it("counts starts per minute, but none that was given back", async () => {
    const namespace = newNamespace();
    const settings = { namespace, maxConcurrent: 10, startsPerMinute: 2 };
    await using one = new Gateway(redis.url, settings);
    await using two = new Gateway(redis.url, settings);
    (await one.fleet.ask()).end();
    const second = await two.fleet.ask();
    const third = one.ask();
    await sleep(SOON_MS);
    expect(third.permit).toBeUndefined();
    second.giveBack();
    (await third.granted).end();
    const fourth = two.ask();
    await sleep(SOON_MS);
    expect(fourth.permit).toBeUndefined();
    // A minute goes by.
    const client = new Redis(redis.url);
    await client.hincrby(`b_${namespace}_settings`, "lastReservoirRefresh", -60_000);
    client.disconnect();
    await waitFor(() => fourth.permit, { timeoutMs: HEARTBEAT_MS + 2_000, what: "the start of the next minute" });
  });

  it("keeps to leases by the clock of Redis, whatever that of a gateway says", async () => {
    const namespace = newNamespace();
    await using one = new Gateway(redis.url, { namespace, maxConcurrent: 1 });
    await one.fleet.ask();
    const ahead = vi
      .spyOn(Date, "now")
      .mockImplementation(() => performance.timeOrigin + performance.now() + 3_600_000);
    try {
      await using two = new Gateway(redis.url, { namespace, maxConcurrent: 1 });
      const ask = two.ask();
      await two.is("shared");
      await sleep(SOON_MS);
      expect(ask.permit).toBeUndefined();
      expect(await two.fleet.usage()).toMatchObject({ gateways: 2, running: 1 });
    } finally {
      ahead.mockRestore();
    }
  });

  it("has the limits of the gateway that joined last, and both sides are told", async () => {
    await using own = await RedisServer.start();
    const namespace = newNamespace();
    await using one = new Gateway(own.url, { namespace, maxConcurrent: 1 });
    await one.fleet.ask();
    const waiting = one.ask();
    await using two = new Gateway(own.url, { namespace, maxConcurrent: 2, startsPerMinute: 100 });
    await waiting.granted;
    expect(two.disagreements).toEqual([expect.stringContaining("this gateway, the last to join")]);
    await waitFor(() => one.disagreements.length > 0, { timeoutMs: 5_000, what: "the other to be told" });
    expect(one.disagreements).toEqual([
      `a gateway that joined fleet "${namespace}" after this one has set fleet.maxConcurrent 2 and ` +
        "fleet.startsPerMinute 100: that is in force, not the fleet.maxConcurrent 1 and no fleet.startsPerMinute of this gateway",
    ]);
    // Whoever comes back first after Redis has lost everything, the newest wins again.
    await own.restart();
    await Promise.all([one.is("shared"), two.is("shared")]);
    const limits = { maxConcurrent: 2, startsPerMinute: 100 };
    const told = async () => JSON.stringify((await one.fleet.usage())?.limits) === JSON.stringify(limits);
    await waitFor(told, { timeoutMs: 5_000, what: "the newest limits" });
  });
});

describe("a gateway that dies", () => {
  it("keeps its slot until its lease is over", async () => {
    const namespace = newNamespace();
    const leaseMs = 3_000;
    const child = spawnFleet(
      redis.url,
      { namespace, leaseMs, maxConcurrent: 1 },
      "await fleet.ask(); say('granted'); await new Promise(() => undefined);",
    );
    await once(child.stdout, "data");
    const grantedAtMs = performance.now();
    await using two = new Gateway(redis.url, { namespace, maxConcurrent: 1 });
    const ask = two.ask();
    child.kill("SIGKILL");
    await ask.granted;
    const waitedMs = performance.now() - grantedAtMs;
    expect(waitedMs).toBeGreaterThan(leaseMs - 500);
    expect(waitedMs).toBeLessThan(leaseMs + HEARTBEAT_MS + 1_000);
  });

  it("a run that outlives its lease harms nobody, and nothing new starts beside it", async () => {
    const namespace = newNamespace();
    await using one = new Gateway(redis.url, { namespace, leaseMs: 300 });
    const permit = await one.fleet.ask();
    await sleep(SOON_MS);
    const next = one.ask();
    await sleep(SOON_MS);
    expect(next.permit).toBeUndefined();
    permit.end();
    await next.granted;
    expect(one.lost).toEqual([]);
  });
});

describe("a process with a fleet", () => {
  it("ends by itself: neither connections nor runs nor asks keep it alive", async () => {
    const result = await runFleet(
      redis.url,
      "await fleet.ask(); await fleet.ask(); void fleet.ask(); say(fleet.state);",
    );
    expect(result).toEqual({ code: 0, stdout: "shared", stderr: "" });
  });

  it("leaves no handle behind when it closes with Redis gone", async () => {
    await using own = await RedisServer.start();
    await using proxy = await RedisProxy.start(own);
    const code = `
      await fleet.ask(); void fleet.ask(); await new Promise((resolve) => setTimeout(resolve, 300));
      say("ready");
      await new Promise((resolve) => process.stdin.once("data", resolve)); process.stdin.destroy();
      const startedAtMs = performance.now(); await fleet.close();
      say(" " + Math.round(performance.now() - startedAtMs));
      clearInterval(busy);
      // Their ends take a turn or two of the event loop.
      await new Promise((resolve) => setTimeout(resolve, 50));
      await new Promise((resolve) => setImmediate(resolve));
      say(" " + process.getActiveResourcesInfo().filter((name) => !name.startsWith("Pipe")));`;
    for (const gone of ["hole", "stopped"] as const) {
      const child = spawnFleet(proxy.urlOf(own), { namespace: newNamespace() }, code);
      let said = "";
      child.stdout.on("data", (data: Buffer) => (said += data.toString()));
      await waitFor(() => said === "ready", { timeoutMs: 10_000, what: "the child" });
      if (gone === "hole") proxy.weather = "hole";
      else await own.stop();
      child.stdin.write("x");
      const [exitCode] = (await once(child, "close")) as [number];
      expect([gone, exitCode, said]).toEqual([gone, 0, expect.stringMatching(/^ready \d+ $/)]);
      expect(Number(said.split(" ")[1])).toBeLessThan(500);
      proxy.weather = "fair";
      proxy.cut();
    }
  });
});

describe("without Redis", () => {
  it("that stops midway, each gateway goes on with its fallback, and shares again when it is back", async () => {
    await using own = await RedisServer.start();
    const namespace = newNamespace();
    await using one = new Gateway(own.url, { namespace, fallbackConcurrent: 2 });
    await using two = new Gateway(own.url, { namespace, fallbackConcurrent: 1 });
    const [first, second] = [await one.fleet.ask(), await two.fleet.ask()];
    const [oneWaits, twoWaits] = [one.ask(), two.ask()];
    await own.stop();
    // One run of two, and room for another; two of it would be more than its fallback.
    const third = await oneWaits.granted;
    await two.is("lost");
    await sleep(SOON_MS);
    expect(twoWaits.permit).toBeUndefined();
    second.end();
    const fourth = await twoWaits.granted;
    expect([one.lost.length, two.lost.length]).toEqual([1, 1]);
    const refused = () => one.fleet.lostReason?.startsWith(`Redis at 127.0.0.1:${own.port} refuses connections`);
    await waitFor(refused, { timeoutMs: 3_000, what: "what is wrong now" });
    expect(one.lost).toHaveLength(1);

    await own.restart();
    await Promise.all([one.is("shared"), two.is("shared")]);
    expect([one.fleet.lostReason, one.healed, two.healed, one.lost.length]).toEqual([undefined, 1, 1, 1]);
    // Redis has forgotten the first, and never knew of the third.
    const oneWaitsAgain = one.ask();
    await sleep(SOON_MS);
    first.end();
    await sleep(SOON_MS);
    expect([oneWaitsAgain.permit, await one.running()]).toEqual([undefined, 0]);
    third.end();
    (await oneWaitsAgain.granted).end();
    fourth.end();
    (await two.fleet.ask()).end();
  });

  it("at the start, it goes by its fallback, and joins later", async () => {
    await using own = await RedisServer.start();
    await own.stop();
    await using one = new Gateway(own.url, { namespace: newNamespace() });
    const ask = one.ask();
    expect([one.fleet.state, one.fleet.waitsFor]).toEqual(["connecting", "fleet"]);
    const permit = await ask.granted;
    await using none = new Gateway(own.url, { namespace: newNamespace(), fallbackConcurrent: 0 });
    const never = none.ask();
    await own.restart();
    await Promise.all([one.is("shared"), none.is("shared")]);
    permit.end();
    await Promise.all([one.fleet.ask(), never.granted]);
    expect([one.healed, await one.running()]).toEqual([1, 1]);
  });

  it("for a moment only, what runs is still counted there", async () => {
    const namespace = newNamespace();
    await using proxy = await RedisProxy.start(redis);
    await using one = new Gateway(proxy.urlOf(redis), { namespace, fallbackConcurrent: 0 });
    await using watcher = new Gateway(redis.url, { namespace });
    const first = await one.fleet.ask();
    const second = await one.fleet.ask();
    proxy.cut();
    await one.is("lost");
    // Its connection is gone, and so is the limiter that knew of it.
    first.end();
    await one.is("shared");
    await waitFor(async () => (await watcher.running()) === 1, { timeoutMs: 3_000, what: "the slot to be free" });
    (await one.fleet.ask()).end();
    second.end();
    await waitFor(async () => (await watcher.running()) === 0, { timeoutMs: 3_000, what: "the slots to be free" });
    expect([one.lost.length, one.healed]).toEqual([1, 1]);
  });

  it("a gateway that Redis has given up for dead is taken back", async () => {
    const namespace = newNamespace();
    await using one = new Gateway(redis.url, { namespace });
    await one.is("shared");
    const client = new Redis(redis.url);
    for (const key of ["client_last_seen", "client_running", "client_num_queued", "client_last_registered"]) {
      await client.del(`b_${namespace}_${key}`);
    }
    client.disconnect();
    (await one.fleet.ask()).end();
    expect([one.lost, (await one.fleet.usage())?.gateways]).toEqual([[], 1]);
  });

  it("a Redis that was emptied is noticed, and nothing new starts beside what it has forgotten", async () => {
    const namespace = newNamespace();
    await using own = await RedisServer.start();
    await using one = new Gateway(own.url, { namespace });
    const permit = await one.fleet.ask();
    const client = new Redis(own.url);
    await client.flushall();
    client.disconnect();
    await waitFor(async () => (await one.running()) === 0, { timeoutMs: 5_000, what: "a new beginning" });
    const next = one.ask();
    await sleep(SOON_MS);
    expect(next.permit).toBeUndefined();
    permit.end();
    await next.granted;
    expect([one.lost, await one.running()]).toEqual([[], 1]);
  });
});

describe.concurrent("a bad network", () => {
  it("a Redis that takes two seconds for every answer is slow and not lost", async () => {
    await using proxy = await RedisProxy.start(redis);
    proxy.weather = { slowMs: 2_000 };
    await using slow = new Gateway(proxy.urlOf(redis), { namespace: newNamespace() });
    const startedAtMs = performance.now();
    const permit = await slow.fleet.ask();
    expect(performance.now() - startedAtMs).toBeGreaterThan(6_000);
    expect(slow.fleet.state).toBe("shared");
    permit.end();
    await slow.fleet.ask();
    expect(slow.lost).toEqual([]);
  });

  it("a black hole is lost after a few seconds, and what was asked there is granted by the fallback", async () => {
    const namespace = newNamespace();
    await using proxy = await RedisProxy.start(redis);
    await using one = new Gateway(redis.url, { namespace, maxConcurrent: 1 });
    await using two = new Gateway(proxy.urlOf(redis), { namespace, maxConcurrent: 1 });
    const held = await one.fleet.ask();
    const ask = two.ask();
    await two.is("shared");
    proxy.weather = "hole";
    const startedAtMs = performance.now();
    const permit = await ask.granted;
    expect(performance.now() - startedAtMs).toBeLessThan(BLACK_HOLE_MS);
    expect(two.lost).toEqual([expect.stringMatching(/has not answered for 5 s/)]);
    // While it lasts, each try ends the same way, and nobody is told again.
    await sleep(7_000);
    expect(two.lost).toHaveLength(1);
    proxy.weather = "fair";
    await two.is("shared");
    held.end();
    permit.end();
    (await two.fleet.ask()).end();
    expect([two.lost.length, two.healed]).toEqual([1, 1]);
  });

  it("a slot that Redis granted and whose answer was lost is freed when it is back", async () => {
    const namespace = newNamespace();
    await using proxy = await RedisProxy.start(redis);
    await using one = new Gateway(proxy.urlOf(redis), { namespace, maxConcurrent: 1, fallbackConcurrent: 0 });
    await one.is("shared");
    // Its first step is answered after 600 ms; the second, which takes the slot, would be after 600 more.
    proxy.weather = { slowMs: 600 };
    const ask = one.ask();
    await sleep(900);
    proxy.weather = "mute";
    await using watcher = new Gateway(redis.url, { namespace, maxConcurrent: 1 });
    await watcher.is("shared");
    expect(await watcher.running()).toBe(1);
    await one.is("lost");
    expect(ask.permit).toBeUndefined();
    proxy.weather = "fair";
    await ask.granted;
    expect(await watcher.running()).toBe(1);
  });

  it("a black hole at the start is lost after a few seconds", async () => {
    await using proxy = await RedisProxy.start(redis);
    proxy.weather = "hole";
    await using one = new Gateway(proxy.urlOf(redis), { namespace: newNamespace() });
    await one.is("lost", BLACK_HOLE_MS);
    expect(one.lost).toEqual([expect.stringMatching(/has not answered for 5 s/)]);
  });
});

describe.concurrent("what is wrong is said, and never the password", () => {
  const reasonOf = async (url: string) => {
    await using gateway = new Gateway(url, { namespace: newNamespace() });
    await gateway.is("lost", BLACK_HOLE_MS);
    const [reason = ""] = gateway.lost;
    for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), "w/rd", "somebody"])
      expect(reason).not.toContain(secret);
    return reason;
  };
  const login = `somebody:${encodeURIComponent(PASSWORD)}@`;

  it("a wrong password, and none", async () => {
    await using locked = await RedisServer.start({ password: "right" });
    const at = `Redis at 127.0.0.1:${locked.port}`;
    expect(await reasonOf(`redis://${login}127.0.0.1:${locked.port}`)).toBe(
      `${at} refuses user and password (WRONGPASS): correct them in fleet.redisUrl`,
    );
    expect(await reasonOf(`redis://127.0.0.1:${locked.port}`)).toBe(
      `${at} wants a password (NOAUTH): put it in fleet.redisUrl, "redis://:password@host:port"`,
    );
    await using right = new Gateway(locked.url, { namespace: newNamespace() });
    await right.is("shared");
  });

  it("TLS to a port without it", async () => {
    expect(await reasonOf(`rediss://${login}127.0.0.1:${redis.port}`)).toBe(
      `Redis at 127.0.0.1:${redis.port} has not answered the TLS greeting for 5 s: if it does not speak TLS, ` +
        'fleet.redisUrl must begin with "redis://"',
    );
  });

  it("no TLS to a port with it, and a certificate that nobody trusts", async (context) => {
    skipWithout(context, certificate);
    await using tls = await RedisServer.start({ tls: certificate });
    expect(await reasonOf(`redis://${login}127.0.0.1:${tls.port}`)).toContain(
      'if it speaks TLS, fleet.redisUrl must begin with "rediss://"',
    );
    expect(await reasonOf(`rediss://${login}127.0.0.1:${tls.port}`)).toContain("NODE_EXTRA_CA_CERTS");
    const trusting = await runFleet(tls.url, "await fleet.ask(); say(fleet.state);", {
      NODE_EXTRA_CA_CERTS: certificate.cert,
    });
    expect(trusting).toEqual({ code: 0, stdout: "shared", stderr: "" });
  });

  it("a user without the rights it needs, and one with those that it is told to have", async () => {
    await using own = await RedisServer.start();
    const namespace = newNamespace();
    const client = new Redis(own.url);
    const grant = (...rights: string[]) => client.acl("SETUSER", "app", "reset", "on", ">pw", ...rights);
    const url = `redis://app:pw@127.0.0.1:${own.port}`;
    await grant(`~b_${namespace}_*`, "resetchannels", "+@all");
    await using poor = new Gateway(url, { namespace });
    await poor.is("lost");
    const rights = /needs "([^"]+)"/.exec(poor.lost[0]!)?.[1]?.split(" ") ?? [];
    await grant(...rights);
    client.disconnect();
    await poor.is("shared");
    (await poor.fleet.ask()).end();
    expect([poor.lost.length, poor.healed]).toEqual([1, 1]);
  });

  it("a read-only replica, a full memory, too many connections, a database that is not there", async () => {
    await using own = await RedisServer.start();
    const client = new Redis(own.url);
    await client.config("SET", "maxmemory", "1");
    expect(await reasonOf(own.url)).toContain("its memory is full (OOM)");
    await client.config("SET", "maxmemory", "0");
    await client.replicaof("127.0.0.1", redis.port);
    expect(await reasonOf(own.url)).toContain("read-only replica (READONLY): fleet.redisUrl must lead to the primary");
    await client.replicaof("NO", "ONE");
    expect(await reasonOf(`${own.url}/99`)).toContain("has no database 99");
    await client.config("SET", "maxclients", 1);
    expect(await reasonOf(own.url)).toContain("maxclients");
    client.disconnect();
  });
});

/** A process with one fleet, `fleet`, that says something with `say`. */
function scriptOf(url: string, settings: Partial<FleetSettings>, code: string): string {
  const file = pathToFileURL(path.join(PROJECT_ROOT, "src/fleet/redis-fleet.ts")).href;
  const all = { redisUrl: url, maxConcurrent: 2, leaseMs: LEASE_MS, fallbackConcurrent: 1, ...settings };
  return `
    import { createRedisFleet } from ${JSON.stringify(file)};
    const say = (text) => process.stdout.write(String(text));
    const after = (ms, call) => { const timer = setTimeout(call, ms); timer.unref(); return () => clearTimeout(timer); };
    const told = () => undefined;
    const fleet = createRedisFleet({
      settings: ${JSON.stringify(all)}, redisUrl: async () => ${JSON.stringify(url)}, after,
      nowMs: () => performance.now(), events: { lost: told, healed: told, disagrees: told },
    });
    const busy = setInterval(() => undefined, 1000);
    ${code}
    clearInterval(busy);`;
}

/** To its end. */
const runFleet = (url: string, code: string, env: NodeJS.ProcessEnv = {}) =>
  runToEnd(process.execPath, ["--input-type=module", "-e", scriptOf(url, { namespace: newNamespace() }, code)], {
    timeoutMs: 10_000,
    env: { ...process.env, ...env },
  });

const spawnFleet = (url: string, settings: Partial<FleetSettings>, code: string) =>
  spawn(process.execPath, ["--input-type=module", "-e", scriptOf(url, settings, code)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
