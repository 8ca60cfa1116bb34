import type { VerdictKind } from "../domain/reasons.ts";
import type { PlanItem, PlanView } from "../operate/views.ts";
import { table } from "./table.ts";
import type { Format, Look } from "./terminal.ts";
import { counts, fact, grouped, shorten } from "./text.ts";

const VERDICT_FORMATS: Readonly<Record<VerdictKind, Format>> = {
  admit: "green",
  hold: "yellow",
  retire: "dim",
  leave: "cyan",
};
/** What a rule found can be a text of any length. */
const FACT_WIDTH = 28;

/** Every verdict, with the numbers that it rests on. `view` has been cleaned. */
export function planTable(view: PlanView, look: Look): string[] {
  const { sessions } = view;
  if (sessions.length === 0) return [`${titleOf(view)}: no interrupted session`];
  return [
    `${titleOf(view)}, in the order of resuming:`,
    "",
    ...table(look, {
      head: ["VERDICT", "REASON", "KEY", "FOUND", "LIMIT", "RULE", "TOKENS"],
      rows: sessions.map((item) => [
        verdictCell(item.verdict),
        item.reason,
        item.sessionKey,
        shorten(fact(item.found, item.unit), FACT_WIDTH),
        shorten(fact(item.limit, item.unit), FACT_WIDTH),
        item.rule,
        item.estimatedTokens === null ? "" : grouped(item.estimatedTokens),
      ]),
      flexible: 2,
    }),
    "",
    `${sessions.length} sessions: ${counts(view.totals)}`,
    ...tokensLine(view),
  ];
}

/** What the admitted ones are thought to use, where the host has counted or there is a limit. */
function tokensLine({ tokens: { estimated, limit } }: PlanView): string[] {
  if (estimated === 0 && limit === null) return [];
  const of = limit === null ? "" : `; budget.maxTokensPerBoot is ${grouped(limit)}`;
  const rest = limit !== null && estimated > limit ? ": what comes last will be held" : "";
  return [`the admitted ones will use at least ${grouped(estimated)} tokens${of}${rest}`];
}

export const verdictCell = (verdict: PlanItem["verdict"]): { text: string; format: Format } => ({
  text: verdict,
  format: VERDICT_FORMATS[verdict],
});

function titleOf({ of, source }: PlanView): string {
  if (of === "now") return "What a restart now would say";
  return source === "gateway" ? "What this boot said" : "What the last boot said";
}
