import { EventEmitter } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { pageHandler } from "../../../src/host/page-route.ts";
import { streamChanges } from "../../../src/host/page-stream.ts";
import type { ChangeListener } from "../../../src/observe/changes.ts";

vi.mock("node:fs/promises", () => ({
  readFile: async (url: URL) => Buffer.from(`file ${url.pathname.split("/").at(-1)}`),
}));

type Asked = Awaited<ReturnType<Parameters<typeof pageHandler>[0]["ask"]>>;

const ROOT = "/plugins/resume-scheduler/page";
let server: Server;
let answers: (lists: boolean) => Asked;
let listeners: Set<ChangeListener>;
/** What the answer waits for, and who is told that it was asked for. */
let held: Promise<void> | undefined;
let wasAsked: () => void;
/** Nothing can be watched. */
let refuses: boolean;
const closed = new EventEmitter();

beforeEach(async () => {
  answers = (lists) => ({ ok: true, payload: { lists } });
  listeners = new Set();
  [held, wasAsked, refuses] = [undefined, () => {}, false];
  const handler = pageHandler({
    ask: async (lists) => {
      wasAsked();
      await held;
      return answers(lists);
    },
    watch: async (listener) => {
      if (refuses) throw new Error("the service is being replaced");
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  });
  server = createServer((request, response) => {
    response.once("close", () => closed.emit("left"));
    void handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const urlOf = (name: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${ROOT}${name}`;
const ask = (name: string, init: RequestInit = {}) => fetch(urlOf(name), { redirect: "manual", ...init });

async function ticket(): Promise<string> {
  const [, found] = /name="ticket" content="([\w-]+)"/.exec(await (await ask("/")).text()) ?? [];
  return found!;
}

describe("the page", () => {
  it("is one document under a strict policy, with a ticket in it", async () => {
    const response = await ask("/");
    const policy = response.headers.get("content-security-policy")!;
    expect(policy).toContain("default-src 'none'; script-src 'self';");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(await response.text()).not.toMatch(/<script>|<style|style=|onload=/);
    expect(await ticket()).toMatch(/^[\w-]{24}$/);
  });

  it("is found without the slash at its end", async () => {
    const response = await ask("");
    expect([response.status, response.headers.get("location")]).toEqual([308, `${ROOT}/`]);
  });

  it.each([
    ["page.js", "text/javascript; charset=utf-8"],
    ["page.css", "text/css; charset=utf-8"],
  ])("has %s beside it", async (name, type) => {
    const response = await ask(`/${name}`);
    expect([response.headers.get("content-type"), await response.text()]).toEqual([type, `file ${name}`]);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it.each(["/other", "/page.js/", "/..%2Fpage.js", "/toString", "/constructor"])("has no %s", async (name) => {
    expect((await ask(name)).status).toBe(404);
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS"])("refuses %s and says what it allows", async (method) => {
    const response = await ask("/state.json", { method });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  it("answers HEAD without a body, and is never cached", async () => {
    const response = await ask("/", { method: "HEAD" });
    expect([await response.text(), response.headers.get("cache-control")]).toEqual(["", "no-store"]);
  });
});

describe("its data", () => {
  it.each([
    ["/state.json", false],
    ["/sessions.json", true],
  ])("%s is what the gateway method answers", async (name, lists) => {
    expect(await (await ask(`${name}?ticket=${await ticket()}`)).json()).toEqual({ lists });
  });

  it.each(["/state.json", "/sessions.json", "/events"])("%s needs the ticket", async (name) => {
    for (const query of ["", "?ticket=", "?ticket=wrong"]) {
      const response = await ask(`${name}${query}`);
      expect([response.status, await response.json()]).toMatchObject([403, { error: { code: "ticket" } }]);
    }
  });

  it("is handed to an opaque origin, and to no other", async () => {
    const shared = async (headers: Record<string, string>) =>
      (await ask(`/state.json?ticket=${await ticket()}`, { headers })).headers.get("access-control-allow-origin");
    expect(await shared({ origin: "null" })).toBe("null");
    expect(await shared({ origin: "https://evil.example" })).toBeNull();
    expect(await shared({})).toBeNull();
  });

  it("is not given to who may not read, and the page learns why", async () => {
    answers = () => ({ ok: false, error: { code: "FORBIDDEN", message: "missing scope: operator.read" } });
    const refused = await ask(`/state.json?ticket=${await ticket()}`);
    expect([refused.status, await refused.json()]).toMatchObject([403, { error: { code: "scope" } }]);
    answers = () => ({ ok: false, error: { code: "UNAVAILABLE", message: "not running" } });
    const gone = await ask(`/state.json?ticket=${await ticket()}`);
    expect([gone.status, await gone.json()]).toEqual([503, { error: { code: "unavailable", message: "not running" } }]);
  });
});

describe("its stream", () => {
  const open = async () => {
    const response = await ask(`/events?ticket=${await ticket()}`);
    return { response, reader: response.body!.pipeThrough(new TextDecoderStream()).getReader() };
  };

  it("tells of a burst of changes once, and ends with the plugin", async () => {
    const { response, reader } = await open();
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect((await reader.read()).value).toBe(":\n\n");
    await vi.waitFor(() => expect(listeners.size).toBe(1));
    const [listener] = listeners;
    for (let burst = 0; burst < 5; burst++) listener?.changed();
    expect((await reader.read()).value).toBe("event: changed\ndata:\n\n");
    listener?.closed();
    expect((await reader.read()).done).toBe(true);
  });

  it("leaves a browser connections for its Control UI", async () => {
    for (let page = 0; page < 3; page++) expect((await open()).response.status).toBe(200);
    expect((await open()).response.status).toBe(503);
  });

  it("is left when the browser leaves", async () => {
    const { reader } = await open();
    await vi.waitFor(() => expect(listeners.size).toBe(1));
    await reader.cancel();
    await vi.waitFor(() => expect(listeners.size).toBe(0));
  });

  it("is not kept for a browser that has left before it was opened", async () => {
    const known = await ticket();
    const { port } = server.address() as AddressInfo;
    for (let page = 0; page < 20; page++) {
      let release = () => {};
      const asked = new Promise<void>((resolve) => {
        held = new Promise<void>((go) => (release = go));
        wasAsked = resolve;
      });
      const socket = connect(port, "127.0.0.1");
      socket.write(`GET ${ROOT}/events?ticket=${known} HTTP/1.1\r\nhost: x\r\n\r\n`);
      await asked;
      const left = new Promise((resolve) => closed.once("left", resolve));
      socket.destroy();
      await left;
      release();
    }
    held = undefined;
    expect((await open()).response.status).toBe(200);
    await vi.waitFor(() => expect(listeners.size).toBe(1));
  });

  it("ends where nothing can be watched", async () => {
    refuses = true;
    const { reader } = await open();
    await reader.read();
    expect((await reader.read()).done).toBe(true);
  });

  it("writes nothing after its end, however slowly that is read", async () => {
    vi.useFakeTimers();
    const written: string[] = [];
    const response = Object.assign(new EventEmitter(), {
      destroyed: false,
      writableEnded: false,
      writableNeedDrain: false,
      write: (text: string) => void written.push(text),
      end: () => void (response.writableEnded = true),
    });
    let listener!: ChangeListener;
    await streamChanges(response as unknown as ServerResponse, async (one) => ((listener = one), () => undefined));
    listener.changed();
    listener.closed();
    listener.changed();
    vi.advanceTimersByTime(60_000);
    expect(written).toEqual([":\n\n"]);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it("is given to a limited number of pages", async () => {
    const opened = [];
    for (let page = 0; page < 16; page++) opened.push(await open());
    expect((await ask(`/events?ticket=${await ticket()}`)).status).toBe(503);
    await opened[0]!.reader.cancel();
    await vi.waitFor(async () => expect((await open()).response.status).toBe(200));
  });
});
