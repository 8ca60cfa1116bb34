import type { PageView } from "../operate/page-views.ts";
import { useWidth } from "./hooks.ts";
import { Patterns, Swatch } from "./patterns.tsx";
import { offset } from "./timeline-axis.ts";
import { layOut } from "./timeline-geometry.ts";
import { TimelineDrawing } from "./timeline-drawing.tsx";
import { TimelineTables } from "./timeline-tables.tsx";
import { KINDS, summaryOf } from "./timeline-words.ts";

/** Narrower, it is scrolled. */
const NARROWEST = 280;

/** This boot as a picture: who ran when, and where users came first. */
export function Timeline({ view }: { readonly view: PageView }) {
  const [width, ref] = useWidth();
  const { timeline } = view;
  const originMs = timeline.startedAtMs;
  const isOver = timeline.toMs < view.atMs;
  const layout = width === 0 ? null : layOut(timeline, Math.max(NARROWEST, width), originMs);
  const kinds = new Set(layout?.slots.flatMap(({ bars }) => bars.map(({ kind }) => kind)));
  return (
    <section class="card wide" aria-labelledby="timeline">
      <h2 id="timeline">This boot</h2>
      {timeline.isCut && (
        <p class="muted">
          {timeline.fromMs > originMs
            ? `It begins at ${offset(timeline.fromMs - originMs)}: what was before is not remembered any more.`
            : "Some of what users did at first is not remembered any more."}
        </p>
      )}
      {layout !== null && layout.breaks.length > 0 && (
        <p class="muted">Dashed lines: time without anything to resume is left out between them.</p>
      )}
      {isOver && (
        <p class="muted">
          {timeline.toMs > originMs
            ? `It ends at ${offset(timeline.toMs - originMs)}: since then nothing has been queued or running.`
            : "Nothing has been queued or running since this start."}
        </p>
      )}
      <Patterns />
      <div class="scroll" ref={ref} role="region" aria-label="Timeline, to be scrolled sideways" tabIndex={0}>
        {layout !== null && <TimelineDrawing layout={layout} label={summaryOf(timeline)} />}
      </div>
      <ul class="legend" aria-label="Legend">
        {Object.entries(KINDS).map(
          ([kind, { letter, text }]) =>
            kinds.has(kind as keyof typeof KINDS) && (
              <li key={kind}>
                <Swatch kind={kind} /> {letter !== "" && <b>{letter}</b>} {text}
              </li>
            ),
        )}
        {timeline.users.running.length > 0 && <Entry kind="user-runs" text="user turn runs" />}
        {timeline.users.waiting.length > 0 && <Entry kind="user-waits" text="user waits" />}
        {timeline.runs.some(({ cancelled }) => cancelled?.cause.endsWith("-user")) && (
          <li>
            <svg class="swatch" width="22" height="14" aria-hidden="true">
              <path d="M6 3h10l-5 8z" class="mark" />
            </svg>{" "}
            a user preempted it
          </li>
        )}
        {(timeline.starved.main.length > 0 || timeline.starved["startup-resume"].length > 0) && (
          <Entry kind="starved" text="starved: work waited, nobody served the lane" />
        )}
      </ul>
      <TimelineTables timeline={timeline} originMs={originMs} />
    </section>
  );
}

function Entry({ kind, text }: { readonly kind: string; readonly text: string }) {
  return (
    <li>
      <Swatch kind={kind} /> {text}
    </li>
  );
}
