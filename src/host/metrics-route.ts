import type { IncomingMessage, ServerResponse } from "node:http";
import { getPluginRuntimeGatewayRequestScope } from "openclaw/plugin-sdk/plugin-runtime";
import { expose, type MetricsRegistry } from "../observe/exposition.ts";

/** Reading is allowed to who may read, or may do more. */
const READERS = new Set(["operator.read", "operator.write", "operator.admin"]);

/**
 * Answers a scrape. Whose token is right the host decides: the route is registered with gateway auth. What that token may do
 * is asked here, of the host, because a route is open to every token by default.
 */
export function metricsHandler(
  registry: () => MetricsRegistry | undefined,
  scopes: () => readonly string[] = requestScopes,
) {
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
    if (!scopes().some((scope) => READERS.has(scope))) return answer(403, "missing scope: operator.read\n");
    const current = registry();
    if (current === undefined) return answer(503, "the resume-scheduler service is not running\n");
    const { contentType, body } = await expose(current, request.headers.accept);
    return answer(200, body, { "content-type": contentType, vary: "accept" });
  };
}

/** What the token of the request that is being answered may do. A host that knows no scopes lets a right token read. */
function requestScopes(): readonly string[] {
  const request = getPluginRuntimeGatewayRequestScope();
  return request === undefined ? ["operator.read"] : (request.client?.connect.scopes ?? []);
}
