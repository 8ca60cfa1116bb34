import type { Surroundings } from "./feed.ts";
import { nextReload } from "./reloads.ts";

const ANSWER_MS = 10_000;
/** What the gateway has put into the page. */
const told = (name: string): string => document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? "";
const ticket = told("ticket");
/** Whether the Control UI opens a session when it is asked to (from 2026.9 on). */
export const opensSessions = told("opens-sessions") === "true";
const urlOf = (path: string): string => `${path}?ticket=${encodeURIComponent(ticket)}`;

/** The browser that the page is in. */
export const browser: Surroundings = {
  nowMs: () => performance.now(),
  async get(path) {
    const response = await fetch(urlOf(path), {
      credentials: "include",
      cache: "no-store",
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const { status, ok } = response;
    if (ok) return { status, ok, body: (await response.json()) as unknown };
    return { status, ok, body: await response.json().catch((): unknown => null) };
  },
  listen({ open, changed, lost }) {
    const stream = new EventSource(urlOf("events"), { withCredentials: true });
    stream.addEventListener("open", open);
    stream.addEventListener("changed", changed);
    // The browser would open it again by itself; the feed does, and polls meanwhile.
    stream.addEventListener("error", lost);
    return stream;
  },
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  reload() {
    const fragment = nextReload(location.hash, Date.now());
    if (fragment === null) return false;
    location.replace(fragment);
    location.reload();
    return true;
  },
};
