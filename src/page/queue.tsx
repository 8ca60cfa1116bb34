import type { PageView, QueueEntry } from "../operate/page-views.ts";
import { ago, until } from "./brake-list.ts";
import { SessionDetails } from "./session-details.tsx";
import { SessionList } from "./session-list.tsx";
import { counted } from "./visible.ts";
import { ruleOf, whyThere } from "./why-there.ts";

interface QueueProps {
  readonly count: number;
  /** `null`: not here yet. */
  readonly queue: readonly QueueEntry[] | null;
  readonly view: PageView;
  readonly nowMs: number;
}

/** What is queued, in its order. */
export function Queue({ count, queue, view, nowMs }: QueueProps) {
  return (
    <section class="card" aria-labelledby="queue">
      <h2 id="queue">Queue</h2>
      {count === 0 && (queue?.length ?? 0) === 0 && <p class="muted">Nothing is queued.</p>}
      {count > 0 && queue === null && <p class="muted">{counted(count, "session")}: the list is being fetched.</p>}
      {queue !== null && queue.length > 0 && (
        <SessionList
          label="Queued sessions, in the order in which they would start"
          sessions={queue}
          lead={({ position }) => position}
          note={(entry) => whyThere(entry, nowMs)}
          details={(entry) => <QueueDetails entry={entry} view={view} nowMs={nowMs} />}
        />
      )}
    </section>
  );
}

function QueueDetails({
  entry,
  view,
  nowMs,
}: {
  readonly entry: QueueEntry;
  readonly view: PageView;
  readonly nowMs: number;
}) {
  const { position, reason, attempts, preemptions, queuedAtMs, restsUntilMs } = entry;
  const meaning = view.verdicts.find((one) => one.verdict === "admit" && one.reason === reason)?.meaning;
  return (
    <SessionDetails
      session={entry}
      actions={["resume", "hold", "discard", "release"]}
      facts={[
        ["Position", `${position}: ${whyThere(entry, nowMs)}`],
        ["Rule", ruleOf(entry)],
        ["Admitted", meaning === undefined ? reason : `${reason}: ${meaning}`],
        ["Queued", `${ago(queuedAtMs, nowMs)} ago`],
        ...(restsUntilMs === null ? [] : [["Rests", `${until(restsUntilMs, nowMs)} more`] as const]),
        ["Attempts", attempts],
        ["Preempted", counted(preemptions, "time")],
      ]}
    />
  );
}
