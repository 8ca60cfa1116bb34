import type { Action, SessionName } from "../operate/views.ts";

const PROGRAM = "openclaw resumes";
export const UNPAUSE = `${PROGRAM} unpause`;
export const DOCTOR = `${PROGRAM} doctor`;
export const RESUME_ALL_HELD = `${PROGRAM} resume --all-held`;

/** Means nothing to any shell and does nothing to any terminal. */
const PLAIN = /^[A-Za-z0-9_./:@%+=,-]+$/;
/** Printed as it is, it could end the line, move the cursor or turn the text around. */
const HOSTILE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
/** What `printf` or a shell could understand, too: an interactive one even looks for `!` between quotes. */
const NOT_TO_BE_WRITTEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|[^\P{ASCII}A-Za-z0-9_./:@+=,]/gu;

/** `text` as one word of a POSIX shell; `null` where no word can say it. */
export function shellWord(text: string): string | null {
  if (text.includes("\0") || !text.isWellFormed()) return null;
  if (PLAIN.test(text)) return text;
  if (!HOSTILE.test(text)) return `'${text.replaceAll("'", String.raw`'\''`)}'`;
  // `printf` makes what must not be written. A break at its very end is lost, and no key ends in one.
  return `"$(printf '${text.replace(NOT_TO_BE_WRITTEN, octal)}')"`;
}

const octal = (character: string): string =>
  Array.from(new TextEncoder().encode(character), (byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");

/** The key with its agent in it: the same raw key can be in the stores of two. So it never looks like an option. */
const fullKey = ({ agentId, sessionKey }: SessionName): string =>
  namesAgent(sessionKey) ? sessionKey : `agent:${agentId}:${sessionKey}`;

export const namesAgent = (sessionKey: string): boolean => /^agent:[^:]+:./i.test(sessionKey.trim());

/** The exact command for a session; `null` where its key cannot be written in a shell. */
export function commandFor(action: Action, session: SessionName): string | null {
  const word = shellWord(fullKey(session));
  return word === null ? null : `${PROGRAM} ${action} ${word}`;
}

export interface OpenMessage {
  readonly type: "openclaw-plugin-session-open";
  readonly sessionKey: string;
  readonly agentId?: string;
}

const LONGEST_KEY = 512;
/** What the Control UI takes for an agent's id. */
const AGENT_ID = /^[a-z0-9][a-z0-9_-]{0,63}$/i;

/** What asks the Control UI to open a session; `null` where it would not. */
export function openMessage({ agentId, sessionKey }: SessionName): OpenMessage | null {
  const isRoutable =
    sessionKey !== "" &&
    sessionKey.length <= LONGEST_KEY &&
    sessionKey.trim() === sessionKey &&
    !/[\p{Cc}\p{Cs}]/u.test(sessionKey) &&
    !/^(?:[a-z][a-z\d+.-]*:)?\/\//iu.test(sessionKey);
  if (!isRoutable) return null;
  const type = "openclaw-plugin-session-open";
  if (namesAgent(sessionKey)) return { type, sessionKey };
  return AGENT_ID.test(agentId) ? { type, sessionKey, agentId } : null;
}
