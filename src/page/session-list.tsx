import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { NamedSession } from "../operate/page-views.ts";
import { isNamed, titleOf, visible } from "./visible.ts";
import { WindowList } from "./window-list.tsx";

interface SessionListProps<Session> {
  readonly label: string;
  readonly sessions: readonly Session[];
  /** What stands before its name. */
  readonly lead?: (session: Session) => ComponentChildren;
  /** What stands below its name. */
  readonly note: (session: Session) => string;
  readonly details: (session: Session) => ComponentChildren;
}

interface Choice {
  readonly chosen: string | null;
  /** Rather than by a key. */
  readonly isPointedAt: boolean;
}

const idOf = ({ agentId, sessionKey }: NamedSession): string => JSON.stringify([agentId, sessionKey]);

/** Sessions to choose one from, and the details of the chosen one beside or below them. */
export function SessionList<Session extends NamedSession>(props: SessionListProps<Session>) {
  const { label, sessions, lead, note, details } = props;
  const [choice, choose] = useState<Choice>({ chosen: null, isPointedAt: false });
  const { chosen } = choice;
  const box = useRef<HTMLDivElement>(null);
  // Sessions come and go: the chosen one stays chosen, wherever it stands now.
  const selected = useMemo(
    () => (chosen === null ? -1 : sessions.findIndex((session) => idOf(session) === chosen)),
    [sessions, chosen],
  );
  const session = sessions[selected];
  // Its details may be out of sight, below the list. Whoever goes through the list by its keys goes on with it.
  useEffect(() => {
    if (choice.isPointedAt) box.current?.lastElementChild?.scrollIntoView({ block: "nearest" });
  }, [choice]);
  return (
    <div class="pair">
      <div class={session === undefined ? "pair-inner" : "pair-inner chosen"} ref={box}>
        <WindowList
          label={label}
          count={sessions.length}
          keyOf={(index) => idOf(sessions[index] as Session)}
          selected={selected}
          onSelect={(index, isPointedAt) => choose({ chosen: idOf(sessions[index] as Session), isPointedAt })}
          row={(index) => {
            const one = sessions[index] as Session;
            return (
              <>
                {lead && <span class="lead">{lead(one)}</span>}
                <span class="name">
                  <bdi>{titleOf(one)}</bdi>
                  {isNamed(one) && <bdi class="key">{visible(one.sessionKey)}</bdi>}
                </span>
                <span class="note">{note(one)}</span>
              </>
            );
          }}
        />
        {session === undefined ? (
          <p class="hint muted">
            {chosen === null
              ? "Choose a session to see its reason and its commands."
              : "The session that was chosen is not in this list any more."}
          </p>
        ) : (
          details(session)
        )}
      </div>
    </div>
  );
}
