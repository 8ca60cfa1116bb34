import { noteOf, type ReasonOf, type VerdictKind } from "./reasons.ts";
import type { ResumeRecord } from "./record.ts";
import type { SessionRow } from "./session.ts";
import type { TranscriptFacts } from "./transcript-facts.ts";

/** A number, word or mark that a rule looks at; times and durations in milliseconds, `null` when there is none. */
export type Fact = string | number | boolean | null;

/** What a rule found, and what it compared that with. */
export interface Evidence {
  readonly found: Fact;
  readonly limit: Fact;
}

/** What admission says of a candidate, with one reason from a closed list and the evidence for it. */
export type Verdict = {
  readonly [Kind in VerdictKind]: { readonly kind: Kind; readonly reason: ReasonOf<Kind> } & Evidence;
}[VerdictKind];

/** Evidence in words, for when its verdict is no longer the newest. */
export function describeEvidence({ kind, reason, found, limit }: Verdict): string {
  const unit = noteOf(kind, reason).unit === "ms" ? " ms" : "";
  const seen = found === null ? "unknown" : `${found}${unit}`;
  return limit === null ? seen : `${seen} against ${limit}${unit}`;
}

/** What was described so; a description of something else is what was found. */
export function readEvidence(description: string): Pick<Evidence, "found" | "limit"> {
  const [seen = "", limit] = description.split(" against ");
  return { found: factOf(seen), limit: limit === undefined ? null : factOf(limit) };
}

function factOf(text: string): Fact {
  if (text === "unknown") return null;
  const [, number] = /^(-?\d+(?:\.\d+)?)(?: ms)?$/.exec(text) ?? [];
  return number === undefined ? text : Number(number);
}

/** An interrupted session, as found at boot. */
export interface Candidate {
  readonly row: SessionRow;
  /** What an earlier boot of this plugin wrote of the same interruption. */
  readonly record: ResumeRecord | undefined;
  /** It looks as a claim of ours leaves it, and the record that would tell is lost. */
  readonly orphaned: boolean;
  /** Since the claim the user has continued or stopped the conversation. */
  readonly userContinued: boolean;
  /** A run of ours has written the answer, and it was never delivered. */
  readonly hasAnswer: boolean;
  /** The host holds a continuation for the turn: it asked for the restart itself. */
  readonly restartContinuation: boolean;
  /** Another row of the same conversation, which was active more lately; the latest of all. */
  readonly newerRow: SessionRow | undefined;
  /** Read when first asked for: it costs milliseconds, and most rules do not need it. */
  readonly transcript: () => TranscriptFacts;
}
