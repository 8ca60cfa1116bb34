import type { Permit, PermitSource } from "./permits.ts";

/** A start needs the permits of all of them, asked for one after the other. */
export class PermitChain implements PermitSource {
  readonly #sources: readonly PermitSource[];

  constructor(sources: readonly PermitSource[]) {
    this.#sources = sources;
  }

  get waitsFor(): PermitSource["waitsFor"] {
    return this.#sources.find((source) => source.waitsFor !== undefined)?.waitsFor;
  }

  async ask(): Promise<Permit> {
    const permits: Permit[] = [];
    for (const source of this.#sources) permits.push(await source.ask());
    return {
      end: () => permits.forEach((permit) => permit.end()),
      giveBack: () => permits.forEach((permit) => permit.giveBack()),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.close()));
  }
}
