import type { ServerResponse } from "node:http";
import type { ChangeListener } from "../observe/changes.ts";

/** Changes come in bursts: they are told of at most this often. */
const BETWEEN_MS = 500;
/** A proxy ends what is silent for longer. */
const HEARTBEAT_MS = 15_000;

/** Server-sent events named `changed`, until the browser leaves or the plugin stops. */
export async function streamChanges(
  response: ServerResponse,
  watch: (listener: ChangeListener) => Promise<() => void>,
): Promise<void> {
  let due: NodeJS.Timeout | undefined;
  const tell = () => {
    due = undefined;
    response.write("event: changed\ndata:\n\n");
  };
  const heartbeat = setInterval(() => response.write(":\n\n"), HEARTBEAT_MS).unref();
  let stop = () => undefined as void;
  response.once("close", () => {
    stop();
    clearTimeout(due);
    clearInterval(heartbeat);
  });
  response.write(":\n\n");
  stop = await watch({
    changed: () => (due ??= setTimeout(tell, BETWEEN_MS).unref()),
    closed: () => response.end(),
  });
  if (response.destroyed) stop();
}
