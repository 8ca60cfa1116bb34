import type { GatewayRpcOpts } from "openclaw/plugin-sdk/gateway-runtime";
import type { Backend } from "./backend.ts";
import { EXIT, Failure, failureOf } from "./failure.ts";
import type { Terminal } from "./terminal.ts";
import { clean, cleaned, toJson } from "./text.ts";
import { failureView } from "./watch.ts";

/** The options of all commands, as commander reads them. */
export interface Options extends GatewayRpcOpts {
  readonly watch?: boolean;
  readonly interval?: string;
  readonly now?: boolean;
  readonly config?: string;
  readonly allHeld?: boolean;
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly apply?: boolean;
  readonly activeKey?: string;
  readonly cleanup?: boolean;
}

/** One command as it was given: how it asks, and how it answers. */
export class Invocation {
  readonly key: string | undefined;
  readonly options: Options;
  readonly backend: Backend;
  readonly terminal: Terminal;

  constructor(key: string | undefined, options: Options, backend: Backend, terminal: Terminal) {
    this.key = key;
    this.options = options;
    this.backend = backend;
    this.terminal = terminal;
  }

  get json(): boolean {
    return this.options.json === true;
  }

  /** Carries the command out; whatever goes wrong becomes one line and an exit code. */
  async run(work: (invocation: this) => Promise<void>): Promise<void> {
    try {
      await work(this);
    } catch (error) {
      const failure = failureOf(error);
      if (this.json) this.terminal.out(`${toJson(failureView(failure))}\n`);
      else this.terminal.err(`error: ${clean(failure.line)}\n`);
      this.terminal.exitWith(failure.exitCode);
    }
  }

  /** What the gateway answers. */
  async ask<View>(method: string, params: Record<string, unknown> = {}, signal?: AbortSignal): Promise<View> {
    return (await this.backend.call(`resumes.${method}`, params, connectionOf(this.options), signal)) as View;
  }

  /** What the gateway answers or, when it cannot, what its stores say. */
  async askOrRead<View>(
    method: string,
    params: Record<string, unknown>,
    read: () => View | Promise<View>,
  ): Promise<View> {
    try {
      return await this.ask<View>(method, params);
    } catch (error) {
      if (!(error instanceof Failure) || !error.storeAnswers) throw error;
      if (!this.json) this.terminal.err(`note: ${clean(error.message)}: this is read from its store\n`);
      return read();
    }
  }

  /** Prints the answer: as it is with `--json`, else as lines for people. */
  answer<View>(view: View, toLines: (view: View, terminal: Terminal) => readonly string[]): void {
    if (this.json) return this.terminal.out(`${toJson(view, 2)}\n`);
    const lines = toLines(cleaned(view), this.terminal);
    if (lines.length > 0) this.terminal.out(`${lines.join("\n")}\n`);
  }
}

/** A number option; everything but a positive number is wrong usage. */
export function positive(flag: string, text: string, most = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && value <= most) return value;
  throw usage(`${flag} ${text}: expected a number above 0${most === Number.MAX_SAFE_INTEGER ? "" : ` up to ${most}`}`);
}

export const usage = (message: string): Failure => new Failure(EXIT.usage, "usage", message);

function connectionOf({ url, port, token, password, timeout }: Options): GatewayRpcOpts {
  if (url !== undefined && port !== undefined) throw usage("--url and --port: give one of them");
  if (port !== undefined) positive("--port", port, 65_535);
  if (timeout !== undefined) positive("--timeout", timeout);
  const given = Object.entries({ url, port, token, password, timeout }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}

/** Whether the gateway is found as the host finds it, and not by an address of the operator's. */
export const isUnaddressed = ({ url }: GatewayRpcOpts): boolean =>
  url === undefined && process.env["OPENCLAW_GATEWAY_URL"] === undefined;
