/** A real Prometheus on loopback that scrapes one gateway, configured as shipped. */
import { spawn, type ChildProcess } from "node:child_process";
import { freePort } from "./loopback.ts";
import { killGroup, killWhenThisProcessDies } from "./processes.ts";
import { CONFIG_FILE, writeShippedConfig } from "./prometheus-config.ts";
import type { PrometheusPrograms } from "./promtool.ts";
import { makeTempDir, removeTempDir } from "./temp.ts";
import { waitFor, within } from "./wait.ts";

export type PrometheusOptions = {
  programs: PrometheusPrograms;
  /** The gateway's port, and the token that is sent to it. */
  target: { port: number; token: string };
  /** Between two scrapes, and between two evaluations of the rules (default 1000). */
  scrapeIntervalMs?: number;
};

export type Labels = Readonly<Record<string, string>>;
/** One series: epoch milliseconds and value, in order of time. */
export type Series = { labels: Labels; points: readonly (readonly [atMs: number, value: number])[] };
export type Range = { startMs: number; endMs: number; stepMs: number };

export type Target = { health: "up" | "down" | "unknown"; lastError: string; scrapeUrl: string };
export type Rule = { name: string; type: "alerting" | "recording"; health: string; lastError?: string; state?: string };
export type Exemplar = { labels: Labels; value: string; timestamp: number };
export type ExemplarSeries = { seriesLabels: Labels; exemplars: Exemplar[] };

type ApiSeries = { metric: Labels; value?: [number, string]; values?: [number, string][] };

export class Prometheus implements AsyncDisposable {
  readonly port: number;
  readonly scrapeIntervalMs: number;
  /** `host:port`, the label `instance` of every series. */
  readonly instance: string;
  log = "";

  readonly #child: ChildProcess;
  readonly #dir: string;
  readonly #exited: Promise<void>;
  #isOver = false;

  private constructor(
    child: ChildProcess,
    options: { dir: string; port: number; scrapeIntervalMs: number; instance: string },
  ) {
    this.#child = child;
    this.#dir = options.dir;
    this.port = options.port;
    this.scrapeIntervalMs = options.scrapeIntervalMs;
    this.instance = options.instance;
    child.stdout?.on("data", (chunk: Buffer) => (this.log += chunk.toString("utf8")));
    child.stderr?.on("data", (chunk: Buffer) => (this.log += chunk.toString("utf8")));
    const stopWatching = killWhenThisProcessDies(child.pid!);
    // Before the temporary folders are removed.
    const kill = () => killGroup(child.pid!, "SIGKILL");
    process.prependListener("exit", kill);
    this.#exited = new Promise((resolve) => {
      child.once("exit", () => {
        this.#isOver = true;
        process.off("exit", kill);
        stopWatching();
        resolve();
      });
    });
  }

  /** Starts it and waits until it is ready; its first scrape comes five seconds later, whatever the interval. */
  static async start(options: PrometheusOptions): Promise<Prometheus> {
    const dir = makeTempDir("prometheus");
    const scrapeIntervalMs = options.scrapeIntervalMs ?? 1000;
    const instance = `127.0.0.1:${options.target.port}`;
    writeShippedConfig(dir, { instance, token: options.target.token, scrapeIntervalMs });
    const port = await freePort();
    const { file, env } = options.programs.prometheus;
    const args = [
      `--config.file=${CONFIG_FILE}`,
      "--storage.tsdb.path=data",
      `--web.listen-address=127.0.0.1:${port}`,
      "--enable-feature=exemplar-storage",
    ];
    const child = spawn(file, args, {
      cwd: dir,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    const prometheus = new Prometheus(child, { dir, port, scrapeIntervalMs, instance });
    try {
      await prometheus.#waitUntilReady();
    } catch (error) {
      await prometheus[Symbol.asyncDispose]();
      throw error;
    }
    return prometheus;
  }

  /** Every series of an expression at one time (default: now). */
  async query(expression: string, atMs = Date.now()): Promise<Series[]> {
    return (await this.#expression("query", { query: expression, time: seconds(atMs) })).map(toSeries);
  }

  /** The value of an expression that has one series without a choice. */
  async value(expression: string, atMs?: number): Promise<number> {
    const found = await this.query(expression, atMs);
    if (found.length !== 1) throw new Error(`${expression}: ${found.length} series instead of one`);
    return found[0]!.points[0]![1];
  }

  async queryRange(expression: string, { startMs, endMs, stepMs }: Range): Promise<Series[]> {
    const range = { start: seconds(startMs), end: seconds(endMs), step: seconds(stepMs) };
    return (await this.#expression("query_range", { query: expression, ...range })).map(toSeries);
  }

  queryExemplars(expression: string, { startMs, endMs }: Omit<Range, "stepMs">): Promise<ExemplarSeries[]> {
    const range = { start: seconds(startMs), end: seconds(endMs) };
    return this.#api<ExemplarSeries[]>("query_exemplars", { query: expression, ...range });
  }

  /** Every value of a label, of the series that match (default: all). */
  labelValues(label: string, match?: string): Promise<string[]> {
    return this.#api<string[]>(`label/${label}/values`, match === undefined ? {} : { "match[]": match });
  }

  async targets(): Promise<Target[]> {
    return (await this.#api<{ activeTargets: Target[] }>("targets")).activeTargets;
  }

  /** Every rule of every group. */
  async rules(): Promise<Rule[]> {
    return (await this.#api<{ groups: { rules: Rule[] }[] }>("rules")).groups.flatMap(({ rules }) => rules);
  }

  /** Waits until the gateway has been scraped this many times more (with success). */
  async waitForScrapes(count: number, timeoutMs = 30_000): Promise<void> {
    const scrapes = async () => {
      const [found] = await this.query(`sum_over_time(up{instance="${this.instance}"}[1h])`);
      return found?.points[0]?.[1] ?? 0;
    };
    const before = await scrapes();
    await this.#waitFor(`${count} scrapes`, timeoutMs, async () => (await scrapes()) >= before + count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) killGroup(this.#child.pid!, "SIGKILL");
    await within(this.#exited, 10_000, "the end of Prometheus");
    removeTempDir(this.#dir);
  }

  async #waitUntilReady(): Promise<void> {
    await this.#waitFor("ready", 30_000, async () => {
      const response = await fetch(`http://127.0.0.1:${this.port}/-/ready`).catch(() => undefined);
      await response?.body?.cancel();
      return response?.status === 200;
    });
  }

  #waitFor(what: string, timeoutMs: number, look: () => Promise<boolean>): Promise<unknown> {
    return waitFor(look, {
      timeoutMs,
      everyMs: 50,
      what: `Prometheus: ${what}`,
      lastState: () => this.log.split("\n").slice(-20).join("\n"),
      giveUpWhen: () => (this.#isOver ? "it has exited" : undefined),
    });
  }

  async #expression(name: "query" | "query_range", parameters: Record<string, string>): Promise<ApiSeries[]> {
    const { resultType, result } = await this.#api<{ resultType: string; result: unknown }>(name, parameters);
    // A number by itself has no labels.
    return resultType === "scalar" ? [{ metric: {}, value: result as [number, string] }] : (result as ApiSeries[]);
  }

  async #api<T>(name: string, parameters: Record<string, string> = {}): Promise<T> {
    const query = new URLSearchParams(parameters).toString();
    const response = await fetch(`http://127.0.0.1:${this.port}/api/v1/${name}?${query}`);
    const body = (await response.json()) as { status: string; data: T; error?: string };
    if (body.status !== "success") throw new Error(`${name} ${JSON.stringify(parameters)}: ${body.error}`);
    return body.data;
  }
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

function toSeries({ metric, value, values }: ApiSeries): Series {
  const points = (values ?? (value === undefined ? [] : [value])).map(([atS, text]): [number, number] => [
    Math.round(atS * 1000),
    Number(text.replace("Inf", "Infinity")),
  ]);
  return { labels: metric, points };
}
