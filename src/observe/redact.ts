import { errorKind } from "../domain/error-kind.ts";
import type { SessionRefs } from "./session-ref.ts";

const LONGEST_TEXT = 300;
const SESSION_KEY = /\bagent:[^\s"'`,;()[\]{}]+/gi;
const QUOTED = /"[^"]*"?|'[^']*'?|`[^`]*`?/g;

/** Takes out of a text what the log must not show. */
export type Redact = (text: string) => string;

/**
 * Session keys become what stands for them in the log, quotations are left out (an error that cannot parse something quotes
 * it), and secrets go as the host takes them out of its own log.
 */
export function redactor(refs: SessionRefs, redactSecrets: Redact): Redact {
  return (text) =>
    redactSecrets(text)
      .replaceAll(SESSION_KEY, (key) => `session ${refs.of(key.toLowerCase())}`)
      .replaceAll(QUOTED, "[quoted]")
      .slice(0, LONGEST_TEXT);
}

/** What an error is, and what it says as far as the log may show it. */
export const errorText = (error: unknown, redact: Redact): string =>
  error instanceof Error ? `${errorKind(error)}: ${redact(error.message)}` : redact(String(error));
