import { OUTCOMES, noteOf, PROTECTIONS, reasonsOf, VERDICTS, type VerdictKind } from "../../src/domain/reasons.ts";

/** What each verdict does, for the heading of its table. */
const DOES: Readonly<Record<VerdictKind, string>> = {
  admit: "Claimed and queued for a resume. The session ...",
  hold: "Claimed, never run on its own, never deleted; its user's next message continues it. The session ...",
  retire: "An earlier claim that needs no resume any more: forgotten. The session ...",
  leave: "Not touched: the host or another owner finishes it. The session ...",
};

/** `docs/verdicts.md`: every verdict, outcome and reason, from the one list in the code. */
export function verdictsPage(): string {
  const kinds = Object.keys(VERDICTS) as VerdictKind[];
  return [
    "<!-- Generated from src/domain/reasons.ts by `npm run generate`; do not edit. -->",
    "",
    "# Verdicts and outcomes",
    "",
    "At boot every interrupted session gets one verdict with one reason. `openclaw resumes plan` lists them, `openclaw resumes",
    "show <key>` explains one with the value that was found and the limit it was compared with, and the metric",
    "`openclaw_resume_sessions{verdict,reason}` counts them under the same names.",
    "",
    ...kinds.flatMap((kind) => [
      `## \`${kind}\``,
      "",
      DOES[kind],
      "",
      "| reason = metric label | the session ... | decided by | what you can do |",
      "| --- | --- | --- | --- |",
      ...reasonsOf(kind).map((reason) => {
        const { meaning, rule, remedy } = noteOf(kind, reason);
        return `| \`${reason}\` | ${meaning} | ${rule} | ${remedy} |`;
      }),
      "",
    ]),
    "## Outcomes",
    "",
    "A claimed session ends in exactly one outcome; `openclaw_resume_outcomes_total{outcome}` counts them. How its attempts",
    "ended is another matter: `openclaw_resume_attempts_total{result}` counts each.",
    "",
    "| outcome = metric label | reason | what it means |",
    "| --- | --- | --- |",
    ...Object.entries(OUTCOMES).flatMap(([outcome, reasons]) =>
      Object.entries(reasons).map(([reason, meaning]) => `| \`${outcome}\` | \`${reason}\` | ${meaning} |`),
    ),
    "",
    "## Protections",
    "",
    "Why a session that was held for long enough is not retired (`openclaw resumes gc`, [gc](gc.md)).",
    "",
    "| protection | what it means |",
    "| --- | --- |",
    ...Object.entries(PROTECTIONS).map(([protection, meaning]) => `| \`${protection}\` | ${meaning} |`),
    "",
  ].join("\n");
}
