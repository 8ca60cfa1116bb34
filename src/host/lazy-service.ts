import type { OpenClawPluginApi, OpenClawPluginServiceContext } from "openclaw/plugin-sdk/plugin-entry";
import type { Exposition } from "../observe/exposition.ts";
import type { Desk } from "../operate/desk.ts";
import { inProcess } from "./in-process.ts";
import type { ResumeService } from "./service.ts";

interface Loaded {
  readonly own: ResumeService;
  readonly desk: Desk;
}

/**
 * The service of one registration, loaded when the host starts it: with what it is made of it takes longer to load than a
 * gateway that only registers it should wait for, and many processes do no more.
 *
 * The one that runs can be another registration's.
 */
export class LazyService {
  readonly #api: OpenClawPluginApi;
  #loading: Promise<Loaded> | undefined;
  #own: ResumeService | undefined;

  constructor(api: OpenClawPluginApi) {
    this.#api = api;
  }

  async start(context: OpenClawPluginServiceContext): Promise<void> {
    const { own } = await this.#load();
    await own.start(context);
  }

  async stop(): Promise<void> {
    const loaded = await this.#loading;
    await loaded?.own.stop();
  }

  async gatewayStarted(stopping: AbortSignal | undefined): Promise<void> {
    const { own } = await this.#load();
    (inProcess.service ?? own).gatewayStarted(stopping);
  }

  /** At once: a user waits. */
  messageReceived(sessionKey: string | undefined): void {
    (inProcess.service ?? this.#own)?.messageReceived(sessionKey);
  }

  /** A user's session was begun anew. */
  sessionStarted(sessionKey: string | undefined, sessionId: string): void {
    (inProcess.service ?? this.#own)?.sessionStarted(sessionKey, sessionId);
  }

  /** `undefined` while none runs. */
  async expose(accept: string | undefined): Promise<Exposition | undefined> {
    return (inProcess.service ?? this.#own)?.expose(accept);
  }

  /** Has an operator's question answered, outside the async context in which it was asked. */
  async answer<Value>(ask: (desk: Desk) => Value): Promise<Awaited<Value>> {
    const { own, desk } = await this.#load();
    return await (inProcess.service ?? own).within(() => ask(desk));
  }

  #load(): Promise<Loaded> {
    return (this.#loading ??= import("./loaded.ts").then(({ Desk, ResumeService }) => {
      const own = (this.#own = new ResumeService(this.#api));
      return { own, desk: new Desk(() => (inProcess.service ?? own).office()) };
    }));
  }
}
