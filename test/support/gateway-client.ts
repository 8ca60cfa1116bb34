/**
 * A small client for the gateway's websocket, as the Control UI, the TUI and the CLI use it. It connects as the host's
 * own local backend client: on loopback with the shared token that needs no device pairing.
 */
import { randomUUID } from "node:crypto";
import { within } from "./wait.ts";

export type ClientOptions = {
  /** The gateway's http url. */
  url: string;
  token: string;
  scopes?: string[];
};

export type GatewayEvent = { event: string; payload: Record<string, unknown> };

type Frame =
  | { type: "res"; id: string; ok: boolean; payload?: unknown; error?: unknown }
  | { type: "event"; event: string; payload?: Record<string, unknown> };

export class GatewayCallError extends Error {
  override name = "GatewayCallError";
  readonly details: unknown;
  constructor(method: string, details: unknown) {
    super(`${method}: ${JSON.stringify(details)}`);
    this.details = details;
  }
}

export class GatewayClient {
  /** Every event since the connection, in order. */
  readonly events: GatewayEvent[] = [];
  /** What the gateway said on connecting. */
  hello: Record<string, unknown> = {};

  readonly #socket: WebSocket;
  readonly #waiting = new Map<
    string,
    { resolve: (payload: unknown) => void; reject: (error: Error) => void; method: string }
  >();
  #closed: Error | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", (message) => this.#receive(JSON.parse(String(message.data)) as Frame));
    socket.addEventListener("close", (event) =>
      this.#fail(new Error(`gateway websocket closed (${event.code} ${event.reason})`)),
    );
    socket.addEventListener("error", () => this.#fail(new Error("gateway websocket failed")));
  }

  static async connect(options: ClientOptions): Promise<GatewayClient> {
    const socket = new WebSocket(options.url.replace(/^http/, "ws"));
    const client = new GatewayClient(socket);
    await within(
      new Promise<void>((resolve, reject) => {
        socket.addEventListener("open", () => resolve());
        socket.addEventListener("error", () => reject(new Error(`cannot connect to ${options.url}`)));
      }),
      10_000,
      "the gateway websocket",
    );
    client.hello = await client.call("connect", {
      minProtocol: 3,
      maxProtocol: 4,
      client: { id: "gateway-client", version: "1.0.0", platform: process.platform, mode: "backend" },
      role: "operator",
      scopes: options.scopes ?? ["operator.admin", "operator.read", "operator.write"],
      caps: [],
      auth: { token: options.token },
    });
    return client;
  }

  /** Calls a method; rejects with `GatewayCallError` when the gateway refuses. */
  call<T = Record<string, unknown>>(method: string, params: unknown, timeoutMs = 30_000): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closed);
    const id = randomUUID();
    const answer = new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (payload: unknown) => void, reject, method });
    });
    this.#socket.send(JSON.stringify({ type: "req", id, method, params }));
    return within(answer, timeoutMs, `the gateway's answer to ${method}`);
  }

  close(): void {
    this.#socket.close();
  }

  #receive(frame: Frame): void {
    if (frame.type === "event") {
      this.events.push({ event: frame.event, payload: frame.payload ?? {} });
      return;
    }
    const waiting = this.#waiting.get(frame.id);
    if (!waiting) return;
    this.#waiting.delete(frame.id);
    if (frame.ok) waiting.resolve(frame.payload ?? {});
    else waiting.reject(new GatewayCallError(waiting.method, frame.error));
  }

  #fail(error: Error): void {
    this.#closed ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
