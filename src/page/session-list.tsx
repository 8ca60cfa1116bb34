import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
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

const idOf = ({ agentId, sessionKey }: NamedSession): string => JSON.stringify([agentId, sessionKey]);

/** Sessions to choose one from, and the details of the chosen one beside or below them. */
export function SessionList<Session extends NamedSession>(props: SessionListProps<Session>) {
  const { label, sessions, lead, note, details } = props;
  const [chosen, setChosen] = useState<string | null>(null);
  // Sessions come and go: the chosen one stays chosen, wherever it stands now.
  const selected = useMemo(
    () => (chosen === null ? -1 : sessions.findIndex((session) => idOf(session) === chosen)),
    [sessions, chosen],
  );
  const session = sessions[selected];
  return (
    <div class="pair">
      <div class="pair-inner">
        <WindowList
          label={label}
          count={sessions.length}
          keyOf={(index) => idOf(sessions[index] as Session)}
          selected={selected}
          onSelect={(index) => setChosen(idOf(sessions[index] as Session))}
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
