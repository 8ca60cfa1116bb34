import type { Surroundings } from "./feed.ts";

const ANSWER_MS = 10_000;
const RELOAD_MS = 60_000;
const RELOADED = "#reloaded-";

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
    if (response.ok) return { ok: true, body: (await response.json()) as unknown };
    return { ok: false, body: await response.json().catch((): unknown => null) };
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
    // An opaque origin has no storage, and its history entries lose their state; its address stays the same.
    const lastMs = Number(location.hash.slice(RELOADED.length)) || 0;
    if (Math.abs(Date.now() - lastMs) < RELOAD_MS) return false;
    location.replace(`${RELOADED}${Date.now()}`);
    location.reload();
    return true;
  },
};
