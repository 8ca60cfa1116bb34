import type { PageView } from "../operate/page-views.ts";
import { ago } from "./brake-list.ts";
import { duration } from "../cli/text.ts";
import { SessionDetails } from "./session-details.tsx";
import { SessionList } from "./session-list.tsx";

interface RunningProps {
  readonly running: PageView["running"];
  readonly nowMs: number;
  /** When they had run for `elapsedMs`. */
  readonly atMs: number;
}

/** What is being resumed now. */
export function Running({ running, nowMs, atMs }: RunningProps) {
  return (
    <section class="card" aria-labelledby="running">
      <h2 id="running">Running now</h2>
      {running.length === 0 ? (
        <p class="muted">No resume runs.</p>
      ) : (
        <SessionList
          label="Sessions that are being resumed now"
          sessions={running}
          lead={({ slot }) => slot}
          note={({ elapsedMs, timeoutMs, attempt }) =>
            `attempt ${attempt}, runs for ${ago(atMs - elapsedMs, nowMs)} of ${duration(timeoutMs)}`
          }
          details={(item) => (
            <SessionDetails
              session={item}
              actions={["hold", "discard", "release"]}
              facts={[
                ["Slot", item.slot],
                ["Attempt", item.attempt],
                ["Runs for", `${ago(atMs - item.elapsedMs, nowMs)}, at most ${duration(item.timeoutMs)}`],
                [
                  "Beside users",
                  item.aged ? "yes: it has waited long, or made room often" : "no: it makes room for them",
                ],
              ]}
            />
          )}
        />
      )}
    </section>
  );
}
