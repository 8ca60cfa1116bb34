const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Fires when the process is told to stop: for a host that gives plugins no signal of it (before 2026.9). 2026.8.2 waits
 * for what runs before it stops a plugin, and would wait for every resume.
 *
 * Listens only beside the host: a first listener would keep the process from ending. Not on SIGUSR1, which the host may put
 * off or ignore.
 */
export function toldToStop(told: Pick<NodeJS.EventEmitter, "listenerCount" | "on" | "off"> = process): AbortSignal {
  const stopping = new AbortController();
  const listened = SIGNALS.filter((signal) => told.listenerCount(signal) > 0);
  const stop = () => {
    for (const signal of listened) told.off(signal, stop);
    stopping.abort();
  };
  for (const signal of listened) told.on(signal, stop);
  return stopping.signal;
}
