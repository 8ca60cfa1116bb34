import type { ComponentChildren } from "preact";
import type { Action } from "../operate/views.ts";
import type { NamedSession } from "../operate/page-views.ts";
import { opensSessions } from "./browser.ts";
import { useContext } from "preact/hooks";
import { LaneCommand, TakesCommands } from "./command.tsx";
import { commandFor, openMessage } from "./commands.ts";
import { titleOf, visible } from "./visible.ts";

const LABELS: Readonly<Record<Action, string>> = {
  resume: "Resume it next, with fresh attempts",
  hold: "Keep it from being resumed",
  discard: "Settle it for good; its transcript stays",
  release: "Give it back to the host's own recovery",
};

interface SessionDetailsProps {
  readonly session: NamedSession;
  readonly facts: readonly (readonly [name: string, value: ComponentChildren])[];
  readonly actions: readonly Action[];
}

/** Everything about one session, and what can be done about it. */
export function SessionDetails({ session, facts, actions }: SessionDetailsProps) {
  const { agentId, sessionKey } = session;
  const isTaken = useContext(TakesCommands);
  const commands = actions.map((action) => ({ action, command: commandFor(action, session) }));
  const canBeWritten = commands.every(({ command }) => command !== null);
  return (
    <section class="details" aria-label={`Details of ${titleOf(session)}`}>
      <h3>
        <bdi>{titleOf(session)}</bdi>
      </h3>
      <dl class="facts">
        <dt>Key</dt>
        <dd>
          <bdi class="mono">{visible(sessionKey)}</bdi>
        </dd>
        <dt>Agent</dt>
        <dd>
          <bdi>{visible(agentId)}</bdi>
        </dd>
        {facts.map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
      </dl>
      <OpenSession session={session} />
      {commands.map(
        ({ action, command }) =>
          command !== null && <LaneCommand key={action} name={action} label={LABELS[action]} command={command} />,
      )}
      {!isTaken && <p class="muted">No command changes it now: the plugin resumes nothing in this gateway.</p>}
      {!canBeWritten && <p class="muted">Its key cannot be written in a shell, so there is no command for it.</p>}
    </section>
  );
}

function OpenSession({ session }: { readonly session: NamedSession }) {
  const message = openMessage(session);
  // In a tab of its own there is nobody to ask.
  if (message === null || !opensSessions || window.parent === window) return null;
  // The frame's own origin is opaque: the Control UI has that of the page's address.
  const open = () => window.parent.postMessage(message, new URL(location.href).origin);
  return (
    <button type="button" class="open" onClick={open}>
      Open the session
    </button>
  );
}
