import type { EventBus } from "../domain/events.ts";
import { loadFleet } from "../fleet/load-fleet.ts";
import type { Fleet } from "../fleet/redis-fleet.ts";
import { hasPace, Pace, type PaceLimits } from "../lane/pace.ts";
import { PermitChain } from "../lane/permit-chain.ts";
import type { Permit, PermitSource } from "../lane/permits.ts";
import type { FleetView } from "../operate/views.ts";
import type { FleetSettings, Settings } from "../settings/settings.ts";
import type { HostParts } from "./host-parts.ts";

export interface PermitsOptions {
  /** The fleet's count until the gateway's next start. */
  readonly settings: Pick<Settings, "budget" | "fleet">;
  readonly config: HostParts["config"];
  readonly events: Pick<EventBus, "emit">;
  /** A clock that never jumps. */
  readonly nowMs: () => number;
  readonly after: (delayMs: number, callback: () => void) => () => void;
}

/** What a resume needs to start: the pace of this gateway lets it, and the fleet, where there is one. */
export class Permits implements PermitSource {
  readonly #pace: Pace;
  readonly #fleet: Fleet | undefined;
  readonly #fleetSettings: FleetSettings | undefined;
  readonly #all: PermitChain;

  private constructor({ settings, after }: PermitsOptions, fleet: Fleet | undefined) {
    this.#pace = new Pace(settings.budget, after);
    this.#fleet = fleet;
    this.#fleetSettings = settings.fleet;
    this.#all = new PermitChain(fleet === undefined ? [this.#pace] : [this.#pace, fleet]);
  }

  /** Loads what the fleet needs, and does not wait for Redis. Without a fleet no Redis code is loaded. */
  static async open(options: PermitsOptions): Promise<Permits> {
    const { fleet } = options.settings;
    return new Permits(options, fleet === undefined ? undefined : await openFleet(fleet, options));
  }

  /** Whether a start needs one at all, with this pace. */
  areNeeded(limits: PaceLimits): boolean {
    return this.#fleet !== undefined || hasPace(limits);
  }

  get waitsFor(): PermitSource["waitsFor"] {
    return this.#all.waitsFor;
  }

  /** `undefined` for a gateway on its own. */
  get fleet(): FleetView | undefined {
    if (this.#fleet === undefined || this.#fleetSettings === undefined) return undefined;
    const { namespace, maxConcurrent, fallbackConcurrent } = this.#fleetSettings;
    const { state, lostReason = null } = this.#fleet;
    return { namespace, state, reason: lostReason, maxConcurrent, fallbackConcurrent };
  }

  ask(): Promise<Permit> {
    return this.#all.ask();
  }

  setPace(limits: PaceLimits): void {
    this.#pace.setLimits(limits);
  }

  close(): Promise<void> {
    return this.#all.close();
  }
}

async function openFleet(settings: FleetSettings, { config, events, nowMs, after }: PermitsOptions): Promise<Fleet> {
  const { createRedisFleet, resolveRedisUrl } = await loadFleet();
  let lostAtMs = nowMs();
  return createRedisFleet({
    settings,
    redisUrl: () => resolveRedisUrl(config(), settings.redisUrl),
    events: {
      lost: (error) => {
        lostAtMs = nowMs();
        events.emit("fleetLost", { error });
      },
      healed: () => events.emit("fleetHealed", { lostForMs: nowMs() - lostAtMs }),
      disagrees: (what) => events.emit("trouble", { what: "agree with the fleet", error: new Error(what) }),
    },
    nowMs,
    after,
  });
}
