import { Pace, type PaceLimits } from "../lane/pace.ts";
import { PermitChain } from "../lane/permit-chain.ts";
import type { Permit, PermitSource } from "../lane/permits.ts";
import type { FleetView } from "../operate/views.ts";
import type { Settings } from "../settings/settings.ts";

export interface PermitsOptions {
  readonly settings: Pick<Settings, "budget">;
  readonly after: (delayMs: number, callback: () => void) => () => void;
}

/** What a resume needs to start: the pace of this gateway lets it, and the fleet, where there is one. */
export class Permits implements PermitSource {
  readonly #pace: Pace;
  readonly #all: PermitChain;

  constructor({ settings, after }: PermitsOptions) {
    this.#pace = new Pace(settings.budget, after);
    this.#all = new PermitChain([this.#pace]);
  }

  get waitsFor(): PermitSource["waitsFor"] {
    return this.#all.waitsFor;
  }

  get fleet(): FleetView | undefined {
    return undefined;
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
