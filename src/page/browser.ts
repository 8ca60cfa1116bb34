import type { Surroundings } from "./feed.ts";

const ANSWER_MS = 10_000;
/** How long after the last time it may load itself anew: each time in a row waits longer. */
const RELOAD_WAITS_MS = [2_000, 5_000, 15_000, 60_000] as const;
const RELOADED = /^#reloaded-(\d+)-(\d+)$/;

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
    // An opaque origin has no storage, and its history entries lose their state; its address stays the same.
    const [, last = "0", inARow = "0"] = RELOADED.exec(location.hash) ?? [];
    const sinceMs = Math.abs(Date.now() - Number(last));
    const longestMs = RELOAD_WAITS_MS.at(-1) ?? 0;
    if (sinceMs < (RELOAD_WAITS_MS[Number(inARow)] ?? longestMs)) return false;
    location.replace(`#reloaded-${Date.now()}-${sinceMs > longestMs ? 0 : Number(inARow) + 1}`);
    location.reload();
    return true;
  },
};
