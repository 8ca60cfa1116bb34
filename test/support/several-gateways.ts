/**
 * Gateways that restart at the same time after a crash, each with its own state and its own Telegram, and one model that
 * sees them all: what holds for them together can be counted there.
 */
import { prepareCrashedState } from "./crashed-state.ts";
import { answer, detectResume, RestartedGateway, type RestartOptions } from "./restarted-gateway.ts";
import { StubModel, type ModelRequest } from "./stub-model.ts";
import { waitFor } from "./wait.ts";

export type SeveralOptions = Omit<RestartOptions, "shared"> & { gateways: number };

/** Some start at once on two cores: each takes as long as all. */
const READY_TIMEOUT_MS = 180_000;

export class SeveralGateways implements AsyncDisposable {
  readonly model: StubModel;
  readonly each: RestartedGateway[] = [];

  private constructor(model: StubModel) {
    this.model = model;
  }

  /** Copies a crashed state for each and starts them all at once. The first is called `gw1`. */
  static async start({ gateways, ...options }: SeveralOptions): Promise<SeveralGateways> {
    const template =
      options.template ?? (await prepareCrashedState({ chats: options.chats ?? 8, agents: options.agents ?? 1 }));
    const model = await StubModel.start({ behaviour: options.behaviour ?? answer, detectResume });
    const several = new SeveralGateways(model);
    try {
      for (let nth = 1; nth <= gateways; nth += 1) {
        const shared = { model, gateway: `gw${nth}` };
        several.each.push(
          await RestartedGateway.prepare({ readyTimeoutMs: READY_TIMEOUT_MS, ...options, template, shared }),
        );
      }
      await Promise.all(several.each.map((restarted) => restarted.boot()));
      return several;
    } catch (error) {
      await several[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Resumed turns that are open at the model now, of all gateways. */
  openResumes(): ModelRequest[] {
    return this.model.runningRequests.filter(({ isResume }) => isResume);
  }

  /** How many answers of the model each interrupted chat has got, gateway by gateway. */
  replyCounts(): number[][] {
    return this.each.map((restarted) => restarted.chats.map((chat) => restarted.repliesTo(chat).length));
  }

  /** Waits until every interrupted chat of every gateway has an answer. */
  async waitForReplies(timeoutMs: number): Promise<void> {
    await waitFor(() => this.replyCounts().every((counts) => counts.every((count) => count >= 1)), {
      timeoutMs,
      what: "a reply in each chat of each gateway",
      lastState: () => this.describe(),
    });
  }

  describe(): string {
    return [
      JSON.stringify(this.replyCounts()),
      this.model.describe(),
      ...this.each.map(({ gateway }) => gateway.logTail()),
    ].join("\n");
  }

  /** Fails when one of the gateways has complained; all are stopped whatever happens. */
  async [Symbol.asyncDispose](): Promise<void> {
    await using stack = new AsyncDisposableStack();
    stack.defer(() => this.model.close());
    for (const restarted of this.each) stack.use(restarted);
  }
}
