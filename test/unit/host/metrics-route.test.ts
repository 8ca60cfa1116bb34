import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Counter } from "prom-client";
import type { OpenClawPluginApi } from "openclaw/plugin-sdk/plugin-entry";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { registerMetrics } from "../../../src/host/metrics-route.ts";
import { expose, metricsRegistry, type MetricsRegistry } from "../../../src/observe/exposition.ts";

const TEXT = "text/plain; version=0.0.4; charset=utf-8";

type Method = Parameters<OpenClawPluginApi["registerGatewayMethod"]>;
type Route = Parameters<OpenClawPluginApi["registerHttpRoute"]>[0];

let registry: MetricsRegistry | undefined;
let scopes: string[];
let server: Server;
let rpc: Method;
/** The host finds plugins' methods for a request of HTTP. */
let knowsMethods: boolean;
let route: Route;

vi.mock("openclaw/plugin-sdk/gateway-method-runtime", () => ({
  /** As the host does: `operator.write` and `operator.admin` include reading. */
  dispatchGatewayMethod: async (name: string, params: Record<string, unknown>) => {
    const [registered, handle, options] = rpc;
    if (!knowsMethods) return { ok: false, error: { code: "INVALID_REQUEST", message: `unknown method: ${name}` } };
    if (name !== registered) throw new Error(`no such method: ${name}`);
    const needed = options?.scope ?? "operator.admin";
    const granted = [needed, "operator.write", "operator.admin"];
    if (!scopes.some((scope) => granted.includes(scope))) {
      return { ok: false, error: { code: "FORBIDDEN", message: `missing scope: ${needed}` } };
    }
    let answer: object = {};
    const respond = (ok: boolean, payload?: unknown, error?: unknown) => (answer = { ok, payload, error });
    await handle({ params, respond } as unknown as Parameters<typeof handle>[0]);
    return answer;
  },
}));

beforeEach(async () => {
  registry = metricsRegistry();
  scopes = ["operator.read"];
  knowsMethods = true;
  new Counter({ name: "things_total", help: "Things.", registers: [registry] }).inc(3);
  const api = {
    registerGatewayMethod: (...one: Method) => (rpc = one),
    registerHttpRoute: (one: Route) => (route = one),
  };
  registerMetrics(api as unknown as OpenClawPluginApi, async (accept) =>
    registry === undefined ? undefined : await expose(registry, accept),
  );
  server = createServer((request, response) => void route.handler(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
});

async function ask(verb: string, accept = "*/*") {
  const { port } = server.address() as AddressInfo;
  const headers = { connection: "close", accept };
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: verb, headers });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

describe("the metrics route", () => {
  it("answers GET with the series", async () => {
    const { status, headers, body } = await ask("GET");
    expect([status, headers.get("content-type"), headers.get("vary")]).toEqual([200, TEXT, "accept"]);
    expect(body).toContain("things_total 3\n");
  });

  it("answers by itself on a host that has forgotten its method (2026.6.5)", async () => {
    knowsMethods = false;
    expect(await ask("GET")).toMatchObject({ status: 200, body: expect.stringContaining("things_total 3\n") });
    registry = undefined;
    expect((await ask("GET")).status).toBe(503);
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
    const handler = route.handler as unknown as (request: object, response: object) => Promise<boolean>;
    expect(await handler({ method: "GET", headers: {} }, response)).toBe(true);
  });

  it("is behind the gateway's own authentication, with the scopes of the token", () => {
    expect(route).toMatchObject({ auth: "gateway", gatewayRuntimeScopeSurface: "trusted-operator", match: "exact" });
    expect(rpc[2]).toEqual({ scope: "operator.read" });
  });
});
