import { useEffect, useState } from "preact/hooks";
import type { Known } from "./feed.ts";

/** The width of an element, and what to give it as its `ref`. */
export function useWidth(): readonly [width: number, ref: (element: Element | null) => void] {
  const [element, setElement] = useState<Element | null>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setWidth(Math.floor(element.clientWidth)));
    observer.observe(element);
    return () => observer.disconnect();
  }, [element]);
  return [width, setElement];
}

/** The page's own clock, which the caller is drawn anew by once a second. */
export function useClock(): number {
  const [nowMs, setNowMs] = useState(performance.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNowMs(performance.now());
    }, 1000);
    return () => clearInterval(timer);
  }, []);
  return nowMs;
}

/** What time it is in the gateway. While it is gone its time stands still. */
export function gatewayNow({ view, viewAtMs, connection }: Known, clockMs: number): number {
  if (view === null) return 0;
  const isFresh = connection === "live" || connection === "polling";
  return view.atMs + (isFresh ? Math.max(0, clockMs - viewAtMs) : 0);
}

let lastId = 0;

/** An id of the caller's own: preact's `useId` gave the same one twice (11.2.0). */
export function useOwnId(): string {
  const [id] = useState(() => `o${++lastId}`);
  return id;
}
