import { useState } from "preact/hooks";
import { duration } from "../cli/text.ts";
import type { TimelineRun, TimelineSpan, TimelineView } from "../operate/page-views.ts";
import { offset } from "./timeline-axis.ts";
import { KINDS } from "./timeline-words.ts";
import { counted, titleOf } from "./visible.ts";

const MOST = 200;

interface TablesProps {
  readonly timeline: TimelineView;
  readonly originMs: number;
}

/** The picture's data in words. */
export function TimelineTables({ timeline, originMs }: TablesProps) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>The same as tables: {counted(timeline.runs.length, "run")}</summary>
      {isOpen && (
        <>
          <Runs timeline={timeline} originMs={originMs} />
          <Spans timeline={timeline} originMs={originMs} />
        </>
      )}
    </details>
  );
}

const lasted = ({ fromMs, toMs }: TimelineSpan): string =>
  toMs === null
    ? "goes on"
    : duration(toMs - fromMs < 1000 ? toMs - fromMs : Math.round((toMs - fromMs) / 1000) * 1000);

const kindOf = ({ result }: TimelineRun): string => KINDS[result ?? "running"].text;

function Runs({ timeline: { runs }, originMs }: TablesProps) {
  const newest = runs.slice(-MOST).toReversed();
  return (
    <div class="scroll tall" role="region" aria-label="Runs" tabIndex={0}>
      <table>
        <caption>
          {runs.length > MOST ? `Runs: the newest ${MOST} of ${runs.length}` : "Runs, the newest first"}
        </caption>
        <thead>
          <tr>
            {["Began", "Slot", "Session", "Lasted", "Ended", "Cancelled"].map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {newest.map((run, index) => (
            <tr key={index}>
              <td>{offset(run.fromMs - originMs)}</td>
              <td>{run.slot}</td>
              <td class="cut">
                <bdi>{titleOf(run)}</bdi>
              </td>
              <td>{lasted(run)}</td>
              <td>{kindOf(run)}</td>
              <td>
                {run.cancelled === null ? "-" : `${run.cancelled.cause}, ${offset(run.cancelled.atMs - originMs)}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Spans({ timeline: { users, starved }, originMs }: TablesProps) {
  const named = (what: string, some: readonly TimelineSpan[]) => some.map((span) => ({ what, span }));
  const all = [
    ...named("user turns ran", users.running),
    ...named("users waited", users.waiting),
    ...named("main starved", starved.main),
    ...named("resumes starved", starved["startup-resume"]),
  ].toSorted((left, right) => right.span.fromMs - left.span.fromMs);
  return (
    <div class="scroll tall" role="region" aria-label="Users and starvation" tabIndex={0}>
      <table>
        <caption>
          {all.length > MOST ? `Users and starvation: the newest ${MOST} of ${all.length}` : "Users and starvation"}
        </caption>
        <thead>
          <tr>
            <th scope="col">Began</th>
            <th scope="col">What</th>
            <th scope="col">Lasted</th>
          </tr>
        </thead>
        <tbody>
          {all.slice(0, MOST).map(({ what, span }, index) => (
            <tr key={index}>
              <td>{offset(span.fromMs - originMs)}</td>
              <td>{what}</td>
              <td>{lasted(span)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
