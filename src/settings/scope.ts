import picomatch from "picomatch";
import type { SessionRow } from "../domain/session.ts";
import type { Evidence } from "../domain/verdict.ts";
import type { ScopeGlobs, Settings } from "./settings.ts";

/** The host's keys are lower case, whatever a channel calls its chats; a leading `.` or `!` is nothing special. */
const GLOB_OPTIONS = { dot: true, nonegate: true, noextglob: true, nocase: true } as const;
/** What a session without a channel (the main session) is matched as. */
const NO_CHANNEL = "none";

/** Makes the scope filter: says which pattern keeps a session out, or nothing when it is in scope. */
export function scopeFilter(filter: Settings["filter"]): (row: SessionRow) => Evidence | undefined {
  const agents = globFilter(filter.agents);
  const channels = globFilter(filter.channels);
  const sessionKeys = globFilter(filter.sessionKeys);
  return (row) =>
    agents(row.agentId) ?? channels(row.conversation.channel ?? NO_CHANNEL) ?? sessionKeys(row.sessionKey);
}

function globFilter({ include, exclude }: ScopeGlobs): (word: string) => Evidence | undefined {
  const included = (include ?? []).map(compile);
  const excluded = (exclude ?? []).map((glob) => ({ glob, matches: compile(glob) }));
  return (word) => {
    const out = excluded.find(({ matches }) => matches(word));
    if (out !== undefined) return { found: word, limit: `not ${out.glob}` };
    if (include === undefined || included.some((matches) => matches(word))) return undefined;
    return { found: word, limit: `only ${include.join(", ")}` };
  };
}

/** Session keys are no paths: to the matcher their slashes are characters like any other, and so are its regex signs. */
function compile(glob: string): (word: string) => boolean {
  const matches = picomatch(withoutSlashes(glob).replaceAll(/[()|"]|(?<!\[)\^/g, String.raw`\$&`), GLOB_OPTIONS);
  return (word) => matches(withoutSlashes(word));
}

const withoutSlashes = (text: string): string => text.replaceAll("/", "\u0001");
