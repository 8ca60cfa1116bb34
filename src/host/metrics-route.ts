import type { IncomingMessage, ServerResponse } from "node:http";
import { dispatchGatewayMethod, type GatewayMethodDispatchResponse } from "openclaw/plugin-sdk/gateway-method-runtime";
import type { OpenClawPluginApi } from "openclaw/plugin-sdk/plugin-entry";
import type { Exposition } from "../observe/exposition.ts";

const METHOD = "resumes.metrics";

/**
 * Registers the scrape, twice: as the gateway method `resumes.metrics` and as an HTTP route that asks that method in the
 * caller's name. Whose token is right, and that it may read, is so decided by the host; a route by itself is open to every
 * token.
 */
export function registerMetrics(
  api: OpenClawPluginApi,
  expose: (accept: string | undefined) => Promise<Exposition | undefined>,
): void {
  api.registerGatewayMethod(
    METHOD,
    async ({ params, respond }) => {
      const accept = params["accept"];
      const exposed = await expose(typeof accept === "string" ? accept : undefined);
      if (exposed === undefined) {
        respond(false, undefined, NOT_RUNNING);
        return;
      }
      respond(true, exposed);
    },
    { scope: "operator.read" },
  );
  api.registerHttpRoute({
    path: "/plugins/resume-scheduler/metrics",
    auth: "gateway",
    // A token's own scopes count, not the writing ones that the host gives every request by default.
    gatewayRuntimeScopeSurface: "trusted-operator",
    match: "exact",
    handler: metricsHandler(async (accept) => {
      const asked = await dispatchGatewayMethod(METHOD, { accept });
      if (asked.ok || asked.error?.message !== `unknown method: ${METHOD}`) return asked;
      // Some time after its start 2026.6.5 knows plugins' methods only from a socket: there the route's own check decides.
      const payload = await expose(accept);
      return payload === undefined ? { ok: false, error: NOT_RUNNING } : { ok: true, payload };
    }),
  });
}

const NOT_RUNNING = { code: "UNAVAILABLE", message: "the resume-scheduler service is not running" };

/** Answers a scrape with what `ask` answers. */
export function metricsHandler(ask: (accept: string | undefined) => Promise<GatewayMethodDispatchResponse>) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    const answer = (status: number, text: string, headers: Record<string, string> = {}) => {
      const body = request.method === "HEAD" ? undefined : text;
      response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...headers }).end(body);
      return true;
    };
    response.setHeader("cache-control", "no-store");
    if (request.method !== "GET" && request.method !== "HEAD") {
      return answer(405, "only GET and HEAD\n", { allow: "GET, HEAD" });
    }
    const { ok, payload, error } = await ask(request.headers.accept);
    if (!ok) {
      const message = error?.message ?? "the gateway does not answer";
      // The code for it has changed between hosts, its words have not.
      return answer(message.startsWith("missing scope") ? 403 : 503, `${message}\n`);
    }
    const { contentType, body } = payload as Exposition;
    return answer(200, body, { "content-type": contentType, vary: "accept" });
  };
}
