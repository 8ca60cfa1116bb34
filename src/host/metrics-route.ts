import type { IncomingMessage, ServerResponse } from "node:http";
import type { Registry } from "prom-client";

/** Answers a scrape. Who may ask is the host's decision: the route is registered with gateway auth. */
export function metricsHandler(registry: () => Registry | undefined) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    response.setHeader("cache-control", "no-store");
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
      return true;
    }
    const current = registry();
    if (current === undefined) {
      response.writeHead(503, { "content-type": "text/plain" }).end("the resume-scheduler service is not running\n");
      return true;
    }
    const body = await current.metrics();
    response.writeHead(200, { "content-type": current.contentType }).end(request.method === "HEAD" ? undefined : body);
    return true;
  };
}
