import type { ServerResponse } from "node:http";
import type { ChangeListener } from "../observe/changes.ts";

/** Changes come in bursts: they are told of at most this often. */
const BETWEEN_MS = 500;
/** A proxy ends what is silent for longer. */
const HEARTBEAT_MS = 15_000;

/**
 * Server-sent events named `changed`, until the browser leaves or the plugin stops. Nothing is written after the end, which
 * would be an error that nobody handles, and whoever reads nothing for a whole heartbeat is left.
 */
export async function streamChanges(
  response: ServerResponse,
  watch: (listener: ChangeListener) => Promise<() => void>,
): Promise<void> {
  let due: NodeJS.Timeout | undefined;
  let isOver = false;
  let stop: (() => void) | undefined;
  const finish = () => {
    isOver = true;
    clearTimeout(due);
    clearInterval(heartbeat);
    stop?.();
  };
  const write = (text: string) => {
    if (!isOver && !response.destroyed && !response.writableEnded) response.write(text);
  };
  const heartbeat = setInterval(() => {
    if (response.writableNeedDrain) response.destroy();
    else write(":\n\n");
  }, HEARTBEAT_MS).unref();
  response.once("close", finish);
  response.on("error", finish);
  const end = () => {
    finish();
    response.end();
  };
  const tell = () => {
    due = undefined;
    write("event: changed\ndata:\n\n");
  };
  write(":\n\n");
  try {
    stop = await watch({
      changed: () => {
        if (!isOver) due ??= setTimeout(tell, BETWEEN_MS).unref();
      },
      closed: end,
    });
  } catch {
    // It is being replaced: the page asks again.
    end();
    return;
  }
  // It may have been over before there was anything to stop.
  if (isOver || response.destroyed) finish();
}
