/** A gateway on an empty state: what a measurement is compared with. */
import { FakeBotApi } from "../../test/support/fake-bot-api.ts";
import { gatewayConfig, type PluginInConfig } from "../../test/support/gateway-config.ts";
import { Gateway } from "../../test/support/gateway.ts";
import { answer } from "../../test/support/restarted-gateway.ts";
import { clearBootHistory } from "../../test/support/state-store.ts";
import { StubModel } from "../../test/support/stub-model.ts";
import { makeTempDir } from "../../test/support/temp.ts";

export type FreshOptions = { agents: 1 | 3; plugin: PluginInConfig };

export class FreshGateway implements AsyncDisposable {
  readonly botApi: FakeBotApi;
  readonly #model: StubModel;
  readonly #stateDir = makeTempDir("fresh");
  readonly #options: FreshOptions;
  #gateway: Gateway | undefined;

  private constructor(parts: { botApi: FakeBotApi; model: StubModel }, options: FreshOptions) {
    this.botApi = parts.botApi;
    this.#model = parts.model;
    this.#options = options;
  }

  /** Not booted yet. */
  static async create(options: FreshOptions): Promise<FreshGateway> {
    const [botApi, model] = await Promise.all([FakeBotApi.start(), StubModel.start({ behaviour: answer })]);
    return new FreshGateway({ botApi, model }, options);
  }

  /** Boots it (again). Resolves with the time from the spawn to ready, milliseconds. */
  async boot(): Promise<number> {
    // Many boots within minutes would else look like a crash loop to the host.
    if (this.#gateway) clearBootHistory(this.#stateDir);
    const config = gatewayConfig({
      botApi: this.botApi,
      model: this.#model,
      agents: this.#options.agents,
      plugins: [this.#options.plugin],
    });
    this.#gateway = await Gateway.start({ stateDir: this.#stateDir, config });
    return this.#gateway.readyMs;
  }

  async stop(): Promise<void> {
    await this.#gateway?.stop("SIGTERM");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gateway?.stop("SIGKILL");
    await Promise.all([this.botApi.close(), this.#model.close()]);
  }
}
