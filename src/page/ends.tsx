import type { PageView } from "../operate/page-views.ts";

/** What has become of the sessions, and how the runs ended. */
export function Ends({ totals }: { readonly totals: PageView["totals"] }) {
  return (
    <div class="ends">
      <Counts caption="Outcomes: each session once" kind="outcome" counts={totals.outcomes} />
      <Counts caption="Runs that have ended" kind="attempt" counts={totals.attempts} />
    </div>
  );
}

interface CountsProps {
  readonly caption: string;
  readonly kind: string;
  readonly counts: Readonly<Record<string, number>>;
}

function Counts({ caption, kind, counts }: CountsProps) {
  return (
    <table>
      <caption>{caption}</caption>
      <tbody>
        {Object.entries(counts).map(([name, count]) => (
          <tr key={name} class={count === 0 ? "muted" : ""}>
            <th scope="row">{name}</th>
            <td data-figure={`${kind}-${name}`}>{count}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
