/** A real Redis on loopback that keeps nothing on disk, and a proxy that can make a bad network of loopback. */
import { spawn, type ChildProcess } from "node:child_process";
import fs from "node:fs";
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import path from "node:path";
import { type NoProgram, packagedProgram, type Program } from "./debian-packages.ts";
import { freePort } from "./loopback.ts";
import { killGroup, killWhenThisProcessDies, runToEnd } from "./processes.ts";
import { makeTempDir, removeTempDir } from "./temp.ts";
import { waitFor, within } from "./wait.ts";

export type RedisPrograms = { server: Program };

/** That of this machine, or of the Debian package. */
export async function redisPrograms(): Promise<RedisPrograms | NoProgram> {
  const server = await packagedProgram({
    packages: ["redis-server"],
    // The server itself is in redis-tools, with libraries that few machines have.
    withDependencies: true,
    commands: ["redis-server", "valkey-server"],
    file: "usr/bin/redis-server",
  });
  return "why" in server ? server : { server };
}

export type RedisOptions = {
  /** Default: none is asked for. */
  password?: string;
  /** It speaks TLS and nothing else, with a certificate that nobody trusts. */
  tls?: { cert: string; key: string };
  /** Further directives, as on its command line. */
  args?: readonly string[];
};

export class RedisServer implements AsyncDisposable {
  readonly port: number;
  /** With the password. */
  readonly url: string;
  log = "";

  readonly #program: Program;
  readonly #options: RedisOptions;
  readonly #dir: string;
  #child: { process: ChildProcess; exited: Promise<void> } | undefined;

  private constructor(program: Program, port: number, options: RedisOptions) {
    this.#program = program;
    this.#options = options;
    this.#dir = makeTempDir("redis");
    this.port = port;
    const { password, tls } = options;
    const user = password === undefined ? "" : `:${encodeURIComponent(password)}@`;
    this.url = `${tls === undefined ? "redis" : "rediss"}://${user}127.0.0.1:${port}`;
  }

  /** Starts one and waits until it takes connections. Rejects where there is none: see `redisPrograms`. */
  static async start(options: RedisOptions = {}): Promise<RedisServer> {
    const programs = await redisPrograms();
    if ("why" in programs) throw new Error(programs.why);
    const redis = new RedisServer(programs.server, await freePort(), options);
    try {
      await redis.restart();
    } catch (error) {
      await redis[Symbol.asyncDispose]();
      throw error;
    }
    return redis;
  }

  /** Ends it as a crash does. */
  async stop(): Promise<void> {
    if (this.#child === undefined) return;
    const { process: child, exited } = this.#child;
    killGroup(child.pid!, "SIGKILL");
    await within(exited, 10_000, "the end of Redis");
  }

  /** Starts it anew on the same port: whatever it knew is lost. */
  async restart(): Promise<void> {
    await this.stop();
    const { file, env } = this.#program;
    const child = spawn(file, this.#args(), {
      cwd: this.#dir,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => (this.log += chunk.toString("utf8")));
    }
    const callOff = killWhenThisProcessDies(child.pid!);
    const exited = new Promise<void>((resolve) => {
      child.once("exit", () => {
        callOff();
        if (this.#child?.process === child) this.#child = undefined;
        resolve();
      });
    });
    this.#child = { process: child, exited };
    await waitFor(() => isListening(this.port), {
      timeoutMs: 20_000,
      what: "Redis to take connections",
      lastState: () => this.log,
      giveUpWhen: () => (this.#child?.process === child ? undefined : "it has exited"),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    removeTempDir(this.#dir);
  }

  #args(): string[] {
    const { password, tls, args = [] } = this.#options;
    const plain = ["--port", `${this.port}`];
    const overTls = ["--port", "0", "--tls-port", `${this.port}`, "--tls-auth-clients", "no"];
    const listen = tls === undefined ? plain : [...overTls, "--tls-cert-file", tls.cert, "--tls-key-file", tls.key];
    const login = password === undefined ? [] : ["--requirepass", password];
    return ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", ...listen, ...login, ...args];
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** A certificate for 127.0.0.1 that signed itself, made by the openssl of this machine or of the Debian package. */
export async function selfSigned(): Promise<{ cert: string; key: string } | NoProgram> {
  const openssl = await packagedProgram({
    packages: ["openssl"],
    withDependencies: true,
    commands: ["openssl"],
    file: "usr/bin/openssl",
    trial: "version",
  });
  if ("why" in openssl) return openssl;
  const dir = makeTempDir("certificate");
  const [cert, key] = [path.join(dir, "cert.pem"), path.join(dir, "key.pem")];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", ...subject];
  const config = path.join(dir, "openssl.cnf");
  fs.writeFileSync(config, "[req]\ndistinguished_name = name\n[name]\n");
  const env = { ...process.env, ...openssl.env, OPENSSL_CONF: config };
  const result = await runToEnd(openssl.file, [...args, "-keyout", key, "-out", cert], { timeoutMs: 30_000, env });
  return result.code === 0 ? { cert, key } : { why: `openssl makes no certificate: ${result.stderr}` };
}

/**
 * What lies between: `slowMs` delays each answer; a hole takes connections and lets nothing through; a mute Redis hears
 * and does everything and its answers are lost.
 */
export type Weather = "fair" | "hole" | "mute" | { readonly slowMs: number };

/** Between a client and a Redis, to be told what becomes of what they say. */
export class RedisProxy implements AsyncDisposable {
  weather: Weather = "fair";
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  static async start(target: Pick<RedisServer, "port">): Promise<RedisProxy> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    const proxy = new RedisProxy(server);
    server.on("connection", (socket) => proxy.#join(socket, connect(target.port, "127.0.0.1")));
    return proxy;
  }

  /** The address of the Redis behind it. */
  urlOf({ url, port }: Pick<RedisServer, "url" | "port">): string {
    return url.replace(`:${port}`, `:${this.port}`);
  }

  /** Cuts every connection that there is; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.cut();
    await closed;
  }

  #join(client: Socket, redis: Socket): void {
    for (const [from, to] of [
      [client, redis],
      [redis, client],
    ] as const) {
      this.#sockets.add(from);
      from.on("data", (data: Buffer) => this.#pass(data, to, from === redis));
      from.on("error", () => from.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }

  #pass(data: Buffer, to: Socket, isAnswer: boolean): void {
    const write = () => {
      const isLost = this.weather === "hole" || (this.weather === "mute" && isAnswer);
      if (!isLost && to.writable) to.write(data);
    };
    if (isAnswer && typeof this.weather === "object") setTimeout(write, this.weather.slowMs);
    else write();
  }
}
