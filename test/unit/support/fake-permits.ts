import type { Permit, PermitSource } from "../../../src/lane/permits.ts";

/** Permits that are granted when the test says so; what becomes of each is written to the journal. */
export class FakePermits implements PermitSource {
  readonly journal: string[] = [];
  #asked = 0;
  #grant: (() => void) | undefined;

  get waitsFor(): "fleet" | undefined {
    return this.#grant === undefined ? undefined : "fleet";
  }

  ask(): Promise<Permit> {
    this.#asked += 1;
    const name = String(this.#asked);
    this.journal.push(`ask ${name}`);
    if (this.#grant !== undefined) throw new Error("two asks are open at the same time");
    return new Promise((resolve) => {
      this.#grant = () =>
        resolve({
          end: () => void this.journal.push(`end ${name}`),
          giveBack: () => void this.journal.push(`give back ${name}`),
        });
    });
  }

  /** Answers the open ask. */
  grant(): void {
    const grant = this.#grant;
    if (grant === undefined) throw new Error("nobody asks");
    this.#grant = undefined;
    grant();
  }

  async close(): Promise<void> {
    this.journal.push("close");
  }
}
