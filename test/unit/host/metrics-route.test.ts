import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Counter, Registry } from "prom-client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { metricsHandler } from "../../../src/host/metrics-route.ts";

let registry: Registry | undefined;
let server: Server;

beforeEach(async () => {
  registry = new Registry();
  new Counter({ name: "things_total", help: "Things.", registers: [registry] }).inc(3);
  const handler = metricsHandler(() => registry);
  server = createServer((request, response) => void handler(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
});

async function ask(method: string) {
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}/`, { method, headers: { connection: "close" } });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

describe("the metrics route", () => {
  it("answers GET with the series", async () => {
    const { status, headers, body } = await ask("GET");
    expect(status).toBe(200);
    expect(headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(body).toContain("things_total 3\n");
  });

  it("answers HEAD without a body", async () => {
    const { status, headers, body } = await ask("HEAD");
    expect([status, body]).toEqual([200, ""]);
    expect(headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS"])("refuses %s and says what it allows", async (method) => {
    const { status, headers } = await ask(method);
    expect([status, headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  it("says that the service is not running", async () => {
    registry = undefined;
    const { status, body } = await ask("GET");
    expect([status, body]).toEqual([503, "the resume-scheduler service is not running\n"]);
  });

  it("is never cached, whatever it answers", async () => {
    const answers = [await ask("GET"), await ask("POST")];
    registry = undefined;
    answers.push(await ask("GET"));
    expect(answers.map(({ headers }) => headers.get("cache-control"))).toEqual(["no-store", "no-store", "no-store"]);
  });

  it("says that it has answered", async () => {
    const response = { setHeader: () => response, writeHead: () => response, end: () => response };
    const handler = metricsHandler(() => undefined) as (request: object, response: object) => Promise<boolean>;
    expect(await handler({ method: "GET" }, response)).toBe(true);
  });
});
