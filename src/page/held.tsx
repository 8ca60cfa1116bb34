import { useRef, useState } from "preact/hooks";
import { fact } from "../cli/text.ts";
import type { HeldEntry, HeldGroup } from "../operate/page-views.ts";
import { ago } from "./brake-list.ts";
import { LaneCommand } from "./command.tsx";
import { RESUME_ALL_HELD } from "./commands.ts";
import { Prose } from "./prose.tsx";
import { SessionDetails } from "./session-details.tsx";
import { SessionList } from "./session-list.tsx";
import { counted, visible } from "./visible.ts";

interface HeldProps {
  readonly count: number;
  /** `null`: not here yet. */
  readonly groups: readonly HeldGroup[] | null;
  readonly nowMs: number;
}

/** What is held, by reason; one reason is open at a time. */
export function Held({ count, groups, nowMs }: HeldProps) {
  const [opened, setOpened] = useState<string | null>();
  // The first one when they came stays open, whichever is the largest later.
  const first = useRef<string | undefined>(undefined);
  if (groups?.every(({ reason }) => reason !== first.current)) first.current = groups[0]?.reason;
  const open = opened === undefined ? first.current : opened;
  return (
    <section class="card" aria-labelledby="held">
      <h2 id="held">Held, by reason</h2>
      {count === 0 && (groups?.length ?? 0) === 0 && <p class="muted">Nothing is held.</p>}
      {count > 0 && groups === null && <p class="muted">{counted(count, "session")}: the list is being fetched.</p>}
      {groups?.map((group) => (
        <Group
          key={group.reason}
          group={group}
          nowMs={nowMs}
          isOpen={group.reason === open}
          onToggle={() => setOpened(group.reason === open ? null : group.reason)}
        />
      ))}
      {groups !== null && groups.length > 0 && (
        <LaneCommand name="resume-all-held" label="Resume every held session" command={RESUME_ALL_HELD} />
      )}
    </section>
  );
}

interface GroupProps {
  readonly group: HeldGroup;
  readonly nowMs: number;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

function Group({ group, nowMs, isOpen, onToggle }: GroupProps) {
  const { reason, meaning, rule, remedy, sessions } = group;
  return (
    <div class="group">
      <h3>
        <button type="button" class="fold" aria-expanded={isOpen} onClick={onToggle}>
          <span class="fold-name">{visible(reason)}</span> <span class="count">{sessions.length}</span>
        </button>
      </h3>
      {isOpen && (
        <>
          <p>
            <Prose text={meaning} />
          </p>
          <dl class="facts">
            <dt>Rule</dt>
            <dd>{rule === null ? "an attempt has ended it" : <span class="mono">{visible(rule)}</span>}</dd>
            {remedy !== null && (
              <>
                <dt>What to do</dt>
                <dd>
                  <Prose text={remedy} />
                </dd>
              </>
            )}
          </dl>
          <SessionList
            label={`Sessions held by ${visible(reason)}, the one that was held last first`}
            sessions={sessions}
            note={(entry) => noteOf(entry, group)}
            details={(entry) => <HeldDetails entry={entry} group={group} nowMs={nowMs} />}
          />
        </>
      )}
    </div>
  );
}

const noteOf = ({ found, limit }: HeldEntry, { unit }: HeldGroup): string =>
  found === null && limit === null
    ? "held"
    : `found ${visible(fact(found, unit))}, threshold ${visible(fact(limit, unit))}`;

function HeldDetails({
  entry,
  group,
  nowMs,
}: {
  readonly entry: HeldEntry;
  readonly group: HeldGroup;
  readonly nowMs: number;
}) {
  const { found, limit, claimedAtMs } = entry;
  const { reason, rule, unit } = group;
  return (
    <SessionDetails
      session={entry}
      actions={["resume", "discard", "release"]}
      facts={[
        ["Held by", visible(reason)],
        ["Rule", rule === null ? "an attempt has ended it" : visible(rule)],
        ["Found", <bdi>{visible(fact(found, unit))}</bdi>],
        ["Threshold", <bdi>{visible(fact(limit, unit))}</bdi>],
        ["Claimed", `${ago(claimedAtMs, nowMs)} ago`],
      ]}
    />
  );
}
