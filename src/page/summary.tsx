import { time } from "../cli/text.ts";
import type { PageView } from "../operate/page-views.ts";
import { LaneCommand } from "./command.tsx";
import { UNPAUSE } from "./commands.ts";
import { headline, type Tone } from "./headline.ts";
import { visible } from "./visible.ts";

const SIGNS: Readonly<Record<Tone, string>> = { ok: "\u2713", busy: "\u2026", warn: "!", bad: "\u00d7" };

/** Whether users wait and for what, and the figures behind it. */
export function Summary({ view }: { readonly view: PageView }) {
  const { tone, title, detail } = headline(view);
  const { counts, budget, users, state, bootedAtMs, version, lane } = view;
  return (
    <>
      <div class={`headline ${tone}`}>
        <span class="sign" aria-hidden="true">
          {SIGNS[tone]}
        </span>
        <div>
          <h1>{title}</h1>
          {detail !== "" && <p>{detail}</p>}
          <p class="muted small">
            Startup resumes {visible(version)}, {state}
            {lane.mode !== null && `, ${lane.mode}`}.{" "}
            {bootedAtMs === null
              ? "Not judged at this boot."
              : `This boot's sessions were judged at ${time(bootedAtMs)}.`}
          </p>
          {(lane.pausedSinceMs !== null || lane.fusedUntilMs !== null) && (
            <LaneCommand name="unpause" label="Start resumes again" command={UNPAUSE} />
          )}
        </div>
      </div>
      <dl class="figures">
        <Figure label="Queued" name="queued" value={counts.queued} />
        <Figure label="Running" name="running" value={counts.running} />
        <Figure label="Held" name="held" value={counts.held} />
        <div>
          <dt>Slots used</dt>
          <dd>
            <span data-figure="slots-used">{budget.used}</span>
            <small>
              {" "}
              of <span data-figure="slots">{budget.slots}</span>
            </small>
          </dd>
        </div>
        <Figure label="Users waiting" name="users-waiting" value={users.waiting} />
        <Figure label="User turns running" name="users-running" value={users.running} />
      </dl>
    </>
  );
}

function Figure({ label, name, value }: { readonly label: string; readonly name: string; readonly value: number }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd data-figure={name}>{value}</dd>
    </div>
  );
}
