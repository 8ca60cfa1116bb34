import type { VerdictKind } from "../domain/reasons.ts";
import type { PageView, VerdictCount } from "../operate/page-views.ts";
import { Ends } from "./ends.tsx";
import { useWidth } from "./hooks.ts";
import { Swatch } from "./patterns.tsx";
import { Prose } from "./prose.tsx";
import { stacked } from "./stacked.ts";
import { counted, visible } from "./visible.ts";

const MEANINGS: Readonly<Record<VerdictKind, string>> = {
  admit: "claimed and queued",
  hold: "claimed, and kept for you or the user",
  retire: "needs no resume any more",
  leave: "finished by the host or another owner",
};
/** Where nothing is claimed. */
const WOULD_BE: Readonly<Record<VerdictKind, string>> = {
  ...MEANINGS,
  admit: "would be claimed and queued",
  hold: "would be claimed, and kept for you or the user",
};
const KINDS = Object.keys(MEANINGS) as VerdictKind[];
const HEIGHT = 30;
/** For a number of three digits. */
const NUMBER_WIDTH = 30;

/** What this boot said of every interrupted session, and what has become of them. */
export function Verdicts({ view }: { readonly view: PageView }) {
  const { totals, verdicts, bootedAtMs } = view;
  const [width, ref] = useWidth();
  const sum = KINDS.reduce((total, kind) => total + totals.verdicts[kind], 0);
  const parts = stacked(
    KINDS.map((kind) => [kind, totals.verdicts[kind]] as const),
    width,
  );
  const said = KINDS.map((kind) => `${kind} ${totals.verdicts[kind]}`).join(", ");
  return (
    <section class="card" aria-labelledby="verdicts">
      <h2 id="verdicts">Verdicts of this boot</h2>
      <p>
        {bootedAtMs === null && "Nothing has been judged at this boot."}
        {bootedAtMs !== null && sum === 0 && "Nothing was interrupted."}
        {sum > 0 && `${counted(sum, "interrupted session")}.`}
      </p>
      <div ref={ref} class="stack">
        {parts.length > 0 && (
          <svg
            width={width}
            height={HEIGHT}
            viewBox={`0 0 ${width} ${HEIGHT}`}
            role="img"
            aria-label={`Verdicts: ${said}`}
          >
            {parts.map(({ name, count, x, width: wide }) => (
              <g key={name}>
                <rect x={x + 1} y="1" width={Math.max(1, wide - 2)} height={HEIGHT - 2} class={`fill-${name}`} />
                {wide >= NUMBER_WIDTH && (
                  <text
                    x={x + wide / 2}
                    y="20"
                    text-anchor="middle"
                    class={name === "admit" ? "letter" : "letter on-pattern"}
                  >
                    {count}
                  </text>
                )}
              </g>
            ))}
          </svg>
        )}
      </div>
      <ul class="legend column-legend">
        {KINDS.map((kind) => (
          <li key={kind}>
            <Swatch kind={kind} /> <b data-figure={`verdict-${kind}`}>{totals.verdicts[kind]}</b> <b>{kind}</b>:{" "}
            {(view.state === "observe" ? WOULD_BE : MEANINGS)[kind]}
          </li>
        ))}
      </ul>
      {verdicts.length > 0 && <Reasons verdicts={verdicts} />}
      <Ends totals={totals} />
    </section>
  );
}

function Reasons({ verdicts }: { readonly verdicts: readonly VerdictCount[] }) {
  return (
    <details>
      <summary>By reason: {verdicts.length}</summary>
      <div class="scroll" role="region" aria-label="Verdicts by reason" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Verdict</th>
              <th scope="col">Reason</th>
              <th scope="col">Sessions</th>
              <th scope="col">The session ...</th>
            </tr>
          </thead>
          <tbody>
            {verdicts.map(({ verdict, reason, meaning, sessions }) => (
              <tr key={`${verdict} ${reason}`}>
                <td>{verdict}</td>
                <th scope="row">{visible(reason)}</th>
                <td>{sessions}</td>
                <td>
                  <Prose text={meaning} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
