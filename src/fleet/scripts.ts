import type { Redis } from "ioredis";

/** The limits of the fleet. */
export interface FleetLimits {
  /** Resumes at once. */
  readonly maxConcurrent: number;
  readonly startsPerMinute: number | undefined;
}

export interface JoinRequest {
  /** When this gateway has joined, by the clock of Redis in milliseconds; undefined: it joins now. */
  readonly joinedAtMs: number | undefined;
  readonly limits: FleetLimits;
  /** Slots that nobody holds any more. */
  readonly free: readonly string[];
  /** Slots that we hold. */
  readonly held: readonly string[];
}

export interface JoinReply {
  readonly joinedAtMs: number;
  /** Whose limits are in force: ours from now on, ours as before, or those of a gateway that joined later. */
  readonly inForce: "ours-now" | "ours" | "others";
  /** Those that another gateway had put in force; undefined: none had. */
  readonly others: FleetLimits | undefined;
  /** Those of the held slots that Redis knows. */
  readonly known: readonly string[];
}

/** How much of the fleet is in use. */
export interface FleetUsage {
  readonly gateways: number;
  readonly running: number;
  readonly limits: FleetLimits;
}

/**
 * In one step, so that of two gateways that join at once one wins with all it has. When it has joined stands beside
 * Bottleneck's own settings and is lost with them. A lower rate counts at once, a higher one from the next minute on.
 */
const JOIN = `
local settings, slots, leases = KEYS[1], KEYS[2], KEYS[3]
local channel, joined, most, rate, free = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], tonumber(ARGV[5])
if redis.call('exists', settings) == 0 then return false end

for i = 6, 5 + free do redis.call('zadd', leases, 'XX', 0, ARGV[i]) end
local known = {}
for i = 6 + free, #ARGV do
  if redis.call('hexists', slots, ARGV[i]) == 1 then table.insert(known, ARGV[i]) end
end

local found = redis.call('hmget', settings, 'maxConcurrent', 'reservoirRefreshAmount', 'reservoir', 'gatewayJoined')
local newest = tonumber(found[4])
if joined == nil then
  local time = redis.call('time')
  joined = math.max(time[1] * 1000 + math.floor(time[2] / 1000), (newest or 0) + 1)
end
local force = 'ours'
if newest == nil or newest < joined then
  force = 'ours-now'
  local left = rate
  if rate ~= '' and tonumber(found[3]) then left = math.min(tonumber(rate), tonumber(found[3])) end
  redis.call('hmset', settings, 'maxConcurrent', most, 'reservoir', left, 'reservoirRefreshAmount', rate,
    'reservoirRefreshInterval', rate == '' and '' or 60000, 'gatewayJoined', string.format('%.0f', joined))
  redis.call('publish', channel, 'capacity:')
elseif newest > joined then
  force = 'others'
end
local others = newest ~= nil and force ~= 'ours'
return {string.format('%.0f', joined), force, others and found[1] or '', others and found[2] or '', known}
`;

/** A start that did not happen may happen yet in the same minute, by whoever waits for one. */
const REFUND = `
local found = redis.call('hmget', KEYS[1], 'reservoir', 'reservoirRefreshAmount')
local left, most = tonumber(found[1]), tonumber(found[2])
if not left or not most or left >= most then return end
redis.call('hincrby', KEYS[1], 'reservoir', 1)
redis.call('publish', ARGV[1], 'capacity:')
`;

/** One that has not been seen for \`clientTimeout\` is gone: Bottleneck goes by that too. */
const USAGE = `
local found = redis.call('hmget', KEYS[1], 'running', 'maxConcurrent', 'reservoirRefreshAmount', 'clientTimeout')
if not found[1] then return false end
local time = redis.call('time')
local seen = time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(found[4])
return {redis.call('zcount', KEYS[2], seen, '+inf'), found[1], found[2], found[3] or ''}
`;

/** What we do beside Bottleneck, on its keys. */
export class FleetScripts {
  readonly #client: Redis;
  readonly #channel: string;

  constructor(client: Redis, namespace: string) {
    this.#client = client;
    this.#channel = `b_${namespace}`;
  }

  #key(name: string): string {
    return `${this.#channel}_${name}`;
  }

  /**
   * Puts our limits in force unless a gateway that joined later has put its own, frees slots, and asks which are known.
   * Undefined: Redis knows nothing of the fleet. What is freed is so with the next step of any limiter.
   */
  async join({ joinedAtMs, limits, free, held }: JoinRequest): Promise<JoinReply | undefined> {
    const keys = [this.#key("settings"), this.#key("job_weights"), this.#key("job_expirations")];
    const ours = [joinedAtMs ?? "", limits.maxConcurrent, limits.startsPerMinute ?? ""];
    const reply = await this.#run(JOIN, keys, [this.#channel, ...ours, free.length, ...free, ...held]);
    if (reply === null) return undefined;
    const [joined, inForce, most, rate, known] = reply as [string, JoinReply["inForce"], string, string, string[]];
    return {
      joinedAtMs: Number(joined),
      inForce,
      others: most === "" ? undefined : limitsOf(most, rate),
      known,
    };
  }

  async refund(): Promise<void> {
    await this.#run(REFUND, [this.#key("settings")], [this.#channel]);
  }

  /** Undefined: Redis knows nothing of the fleet. */
  async usage(): Promise<FleetUsage | undefined> {
    const reply = await this.#run(USAGE, [this.#key("settings"), this.#key("client_last_seen")], []);
    if (reply === null) return undefined;
    const [gateways, running, most, rate] = reply as [number, string, string, string];
    return { gateways, running: Number(running), limits: limitsOf(most, rate) };
  }

  /** This client is gone: nobody waits for it any more. What is freed is so with the next step of any limiter. */
  async leave(clientId: string, slots: readonly string[]): Promise<void> {
    const leases = slots.map((slot) => this.#client.zadd(this.#key("job_expirations"), "XX", 0, slot));
    await Promise.all([...leases, this.#client.zadd(this.#key("client_last_seen"), "XX", 0, clientId)]);
  }

  #run(script: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.#client.eval(script, keys.length, ...keys, ...args);
  }
}

const limitsOf = (most: string, rate: string): FleetLimits => ({
  maxConcurrent: Number(most),
  startsPerMinute: rate === "" ? undefined : Number(rate),
});
