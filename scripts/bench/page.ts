/** `docs/performance.md`, made from `docs/performance.json`. */
import path from "node:path";
import { PROJECT_ROOT } from "../../test/support/gateway.ts";
import { barText, valueText } from "./figure.ts";
import { type BenchResult, isMissed, middleOf, type Results } from "./result.ts";

export const PERFORMANCE_JSON = path.join(PROJECT_ROOT, "docs/performance.json");

export function tableOf(results: readonly BenchResult[]): string {
  const rows = results.flatMap(({ id, figures }) =>
    figures.map((figure) => {
      const all = figure.values.map((value) => valueText(value, figure.unit)).join(", ");
      const measured = figure.values.length > 1 ? `${valueText(middleOf(figure), figure.unit)} (${all})` : all;
      return `| ${id} | ${figure.what} | ${measured} | ${barText(figure)} | ${isMissed(figure) ? "**missed**" : "met"} | ${figure.from} |`;
    }),
  );
  return [
    "| | what | measured (each invocation) | bar | | the middle one in figures |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

export function performancePage({ machine, results }: Results): string {
  const [{ openclaw } = { openclaw: "" }] = results;
  return [
    "<!-- Generated from docs/performance.json by `npm run bench`; do not edit. -->",
    "",
    "# Performance",
    "",
    `Measured by \`npm run bench\` on ${machine.platform}, ${machine.cpus} × ${machine.cpu}, Node ${machine.node}, OpenClaw ${openclaw}.`,
    "",
    "Each figure is a ratio to a bare reference in the same process wherever there is one. Reference and plugin run in turn,",
    "medians of at least 7 runs after 3 that warm up; what the thread waited for a processor is taken off",
    "(`/proc/self/schedstat`). Each benchmark is invoked two or three times (once where one figure is told, with `--once`), each",
    "time in a process of its own, and fails when a bar is missed twice.",
    "",
    tableOf(results),
    "",
  ].join("\n");
}
