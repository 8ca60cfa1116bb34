import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Counter } from "prom-client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { metricsHandler } from "../../../src/host/metrics-route.ts";
import { metricsRegistry, type MetricsRegistry } from "../../../src/observe/exposition.ts";

const TEXT = "text/plain; version=0.0.4; charset=utf-8";

let registry: MetricsRegistry | undefined;
let scopes: string[];
let server: Server;

beforeEach(async () => {
  registry = metricsRegistry();
  scopes = ["operator.read"];
  new Counter({ name: "things_total", help: "Things.", registers: [registry] }).inc(3);
  const handler = metricsHandler(
    () => registry,
    () => scopes,
  );
  server = createServer((request, response) => void handler(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
});

async function ask(method: string, accept = "*/*") {
  const { port } = server.address() as AddressInfo;
  const headers = { connection: "close", accept };
  const response = await fetch(`http://127.0.0.1:${port}/`, { method, headers });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

describe("the metrics route", () => {
  it("answers GET with the series", async () => {
    const { status, headers, body } = await ask("GET");
    expect([status, headers.get("content-type"), headers.get("vary")]).toEqual([200, TEXT, "accept"]);
    expect(body).toContain("things_total 3\n");
  });

  it("answers HEAD without a body", async () => {
    const { status, headers, body } = await ask("HEAD");
    expect([status, headers.get("content-type"), body]).toEqual([200, TEXT, ""]);
  });

  it("answers in the format that is asked for", async () => {
    const { headers, body } = await ask("GET", "application/openmetrics-text");
    expect(headers.get("content-type")).toContain("application/openmetrics-text; version=1.0.0");
    expect(body).toContain("# EOF\n");
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS"])("refuses %s and says what it allows", async (method) => {
    const { status, headers } = await ask(method);
    expect([status, headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  it.each([[[]], [["operator.pairing"]]])("refuses a token that may only %j", async (may) => {
    scopes = may;
    const { status, body } = await ask("GET");
    expect([status, body]).toEqual([403, "missing scope: operator.read\n"]);
  });

  it.each(["operator.read", "operator.write", "operator.admin"])("is open to %s", async (scope) => {
    scopes = ["operator.pairing", scope];
    expect((await ask("GET")).status).toBe(200);
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
    scopes = [];
    answers.push(await ask("GET"));
    expect(answers.map(({ status }) => status)).toEqual([200, 405, 503, 403]);
    expect(answers.map(({ headers }) => headers.get("cache-control"))).toEqual(Array(4).fill("no-store"));
  });

  it("says that it has answered", async () => {
    const response = { setHeader: () => response, writeHead: () => response, end: () => response };
    const handler = metricsHandler(() => undefined) as (request: object, response: object) => Promise<boolean>;
    expect(await handler({ method: "GET" }, response)).toBe(true);
  });

  it("leaves a host that knows no scopes to judge by the token alone", async () => {
    const status: number[] = [];
    const response = {
      setHeader: () => response,
      writeHead: (code: number) => (status.push(code), response),
      end: () => response,
    };
    const handler = metricsHandler(() => registry) as (request: object, response: object) => Promise<boolean>;
    await handler({ method: "GET", headers: {} }, response);
    expect(status).toEqual([200]);
  });
});
