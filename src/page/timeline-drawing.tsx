import { duration } from "../cli/text.ts";
import { type Bar, BAR, ROW, type SlotRow, type Stretch, type TimelineLayout } from "./timeline-geometry.ts";
import { KINDS } from "./timeline-words.ts";
import { titleOf } from "./visible.ts";

const LETTER_WIDTH = 14;
/** Kinds whose bars are of one colour. */
const SOLID: ReadonlySet<string> = new Set(["completed", "failed", "running"]);

/** The picture itself. */
export function TimelineDrawing({ layout, label }: { readonly layout: TimelineLayout; readonly label: string }) {
  const { width, height, left, main, slots, starved, ticks, breaks, axisY } = layout;
  const slotsY = main.y + ROW;
  return (
    <svg
      class="timeline"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      {ticks.map(({ x, anchor, label: text }) => (
        <g key={x}>
          <path d={`M${x} ${main.y}V${axisY}`} class="grid-line" />
          <text x={x} y={axisY + 16} text-anchor={anchor} class="axis">
            {text}
          </text>
        </g>
      ))}
      <Shade stretches={main.starved} y={main.y} height={ROW - 2} />
      <Shade stretches={starved} y={slotsY} height={axisY - slotsY} />
      <text x="0" y={main.y + 15} class="axis">
        main
      </text>
      {main.waiting.map(({ x, width: long }) => (
        <rect key={x} x={x} y={main.y + 2} width={long} height={BAR} class="fill-user-waits" />
      ))}
      {main.running.map(({ x, width: long }) => (
        <rect key={x} x={x} y={main.y + 6} width={long} height={8} class="fill-user-runs" />
      ))}
      {slots.map((row) => (
        <Row key={row.slot} row={row} />
      ))}
      {breaks.map(({ x, width: wide, leftOutMs }) => (
        <g key={x}>
          <path d={`M${x + 5} ${main.y}V${axisY}M${x + wide - 5} ${main.y}V${axisY}`} class="axis-break" />
          <title>{duration(Math.round(leftOutMs / 1000) * 1000)} without anything to resume are left out</title>
        </g>
      ))}
      <path d={`M${left} ${axisY}H${width}M${left} ${main.y}V${axisY}`} class="axis-line" />
    </svg>
  );
}

function Row({ row: { slot, y, bars, marks } }: { readonly row: SlotRow }) {
  return (
    <g>
      <text x="0" y={y + 15} class="axis">
        slot {slot}
      </text>
      {bars.map((bar) => (
        <RunBar key={bar.x} bar={bar} y={y + 4} />
      ))}
      {marks.map(({ x, count }) => (
        <g key={x}>
          <path d={`M${x - 4.5} ${y}h9l-4.5 8z`} class="mark" />
          {count > 1 && (
            <text x={x + 6} y={y + 8} class="mark-count">
              {count}
            </text>
          )}
        </g>
      ))}
    </g>
  );
}

function RunBar({ bar: { x, width, kind, runs, run }, y }: { readonly bar: Bar; readonly y: number }) {
  const { letter, text } = KINDS[kind];
  return (
    <g>
      <rect x={x} y={y} width={width} height={BAR} class={`fill-${kind}`}>
        <title>{runs === 1 ? `${titleOf(run)}: ${text}` : `${runs} runs: ${text}`}</title>
      </rect>
      {width >= LETTER_WIDTH && letter !== "" && (
        <text
          x={x + width / 2}
          y={y + 12}
          text-anchor="middle"
          class={SOLID.has(kind) ? "letter" : "letter on-pattern"}
        >
          {letter}
        </text>
      )}
    </g>
  );
}

interface ShadeProps {
  readonly stretches: readonly Stretch[];
  readonly y: number;
  readonly height: number;
}

function Shade({ stretches, y, height }: ShadeProps) {
  return (
    <>
      {stretches.map(({ x, width }) => (
        <rect key={x} x={x} y={y} width={width} height={height} class="fill-starved" />
      ))}
    </>
  );
}
