import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { dispatchGatewayMethod, type GatewayMethodDispatchResponse } from "openclaw/plugin-sdk/gateway-method-runtime";
import type { OpenClawPluginApi } from "openclaw/plugin-sdk/plugin-entry";
import type { ChangeListener } from "../observe/changes.ts";
import { CONTENT_SECURITY_POLICY, isPageFile, pageShell, readPageFile } from "./page-files.ts";
import { streamChanges } from "./page-stream.ts";
import { authorisesFrames, opensSessions } from "./sdk.ts";

/** The host's grant for the frame is of this path and all below it. */
const ROOT = "/plugins/resume-scheduler/page";

/** Each holds a connection; whoever comes after them asks again and again instead. */
const MOST_STREAMS = 16;
/** A browser has six connections to a gateway, and its Control UI needs some. */
const MOST_STREAMS_OF_ONE = 3;

/**
 * Registers the page in the Control UI: a tab, and the route that its frame reads. The frame may only read, and its origin
 * is opaque: what it fetches is, to the browser, another site's. The browser is told to hand it over only where the request
 * brings the ticket that stands in the page, or any site could read it with the cookie of the frame.
 */
export function registerPage(api: OpenClawPluginApi, watch: (listener: ChangeListener) => Promise<() => void>): void {
  if (!authorisesFrames) return;
  api.session.controls.registerControlUiDescriptor({
    surface: "tab",
    id: "resumes",
    label: "Resumes",
    description: "What the last restart cut off, and what became of it.",
    icon: "refresh",
    group: "control",
    path: `${ROOT}/`,
    requiredScopes: ["operator.read"],
  });
  api.registerHttpRoute({
    path: ROOT,
    auth: "gateway",
    // The scopes of whoever asks count, not those that the host gives every request by default.
    gatewayRuntimeScopeSurface: "trusted-operator",
    match: "prefix",
    handler: pageHandler({ ask: (lists) => dispatchGatewayMethod("resumes.page", { lists }), watch }),
  });
}

interface PageSources {
  /** The small part of the page's data, or its lists, in the name of whoever asks. */
  readonly ask: (lists: boolean) => Promise<GatewayMethodDispatchResponse>;
  readonly watch: (listener: ChangeListener) => Promise<() => void>;
}

/** Answers what the frame asks for. */
export function pageHandler({ ask, watch }: PageSources) {
  const ticket = randomBytes(18).toString("base64url");
  const streams = new Set<ServerResponse>();
  const isCrowded = (from: string | undefined): boolean =>
    streams.size >= MOST_STREAMS ||
    [...streams].filter(({ req }) => req.socket.remoteAddress === from).length >= MOST_STREAMS_OF_ONE;

  return async (request: IncomingMessage, response: ServerResponse): Promise<boolean> => {
    response.setHeader("cache-control", "no-store");
    response.setHeader("x-content-type-options", "nosniff");
    response.setHeader("referrer-policy", "no-referrer");
    const answer = (status: number, type: string, content: string | Buffer) => {
      response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(content) });
      response.end(request.method === "HEAD" ? undefined : content);
      return true;
    };
    const json = (status: number, value: unknown) =>
      answer(status, "application/json; charset=utf-8", JSON.stringify(value));
    const refuse = (status: number, code: string, message: string) => json(status, { error: { code, message } });

    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      return refuse(405, "method", "only GET and HEAD");
    }
    const { pathname, searchParams } = new URL(request.url ?? "", "http://gateway.invalid");
    const name = pathname.slice(ROOT.length).replace(/^\//, "");
    if (name === "") {
      if (!pathname.endsWith("/")) return redirect(response);
      response.setHeader("content-security-policy", CONTENT_SECURITY_POLICY);
      return answer(200, "text/html; charset=utf-8", pageShell(ticket, opensSessions));
    }
    if (isPageFile(name)) {
      const { type, content } = await readPageFile(name);
      return answer(200, type, content);
    }
    if (name !== "state.json" && name !== "sessions.json" && name !== "events")
      return refuse(404, "unknown", "no such page");

    // A refusal tells nothing; it may be read, so that an old page can say why.
    shareWithFrame(request, response);
    if (searchParams.get("ticket") !== ticket)
      return refuse(403, "ticket", "this page is of an earlier start: load it again");
    const asked = await ask(name === "sessions.json");
    // Who has left meanwhile says so no more: what waits for that would wait for ever.
    if (response.destroyed || response.closed) return true;
    if (!asked.ok) {
      const message = asked.error?.message ?? "the gateway does not answer";
      return message.startsWith("missing scope") ? refuse(403, "scope", message) : refuse(503, "unavailable", message);
    }
    if (name !== "events") return json(200, asked.payload);
    if (isCrowded(request.socket.remoteAddress))
      return refuse(503, "unavailable", "too many pages are open for a stream each");
    streams.add(response);
    response.once("close", () => streams.delete(response));
    // A proxy that gathers what it passes on would tell of changes long after them.
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" });
    if (request.method === "HEAD") response.end();
    // Not awaited until it ends: the host waits for its handlers before it stops.
    else await streamChanges(response, watch);
    return true;
  };
}

/** Only an opaque origin needs it: a page that is opened by itself is of the gateway's own. */
function shareWithFrame({ headers }: IncomingMessage, response: ServerResponse): void {
  response.setHeader("vary", "origin");
  if (headers.origin !== "null") return;
  response.setHeader("access-control-allow-origin", "null");
  response.setHeader("access-control-allow-credentials", "true");
}

function redirect(response: ServerResponse): true {
  response.writeHead(308, { location: `${ROOT}/` }).end();
  return true;
}
