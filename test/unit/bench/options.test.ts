import { expect, it } from "vitest";
import { BENCH_IDS } from "../../../scripts/bench/benches.ts";
import { HELP, readOptions } from "../../../scripts/bench/options.ts";
import { UsageError } from "../../../scripts/demo/options.ts";

it("is everything, up to three times, and kept", () => {
  expect(readOptions([])).toEqual({ only: BENCH_IDS, invocations: 3, keep: true });
});

it("is what is asked for, in the order of the table", () => {
  expect(readOptions(["--only", "P1, Q1"])).toMatchObject({ only: ["Q1", "P1"] });
});

it("keeps nothing of a single invocation, nor of a dry run", () => {
  expect(readOptions(["--once"])).toMatchObject({ invocations: 1, keep: false });
  expect(readOptions(["--dry-run"])).toMatchObject({ invocations: 3, keep: false });
});

it("says what would be accepted in place of a benchmark that is not there", () => {
  expect(() => readOptions(["--only", "Q9"])).toThrow(`--only "Q9": expected any of ${BENCH_IDS.join(", ")}`);
});

it("refuses an option that it does not know", () => {
  expect(() => readOptions(["--twice"])).toThrow(UsageError);
});

it("gives help, which names every benchmark", () => {
  expect(readOptions(["-h"])).toBe("help");
  for (const id of BENCH_IDS) expect(HELP).toContain(`  ${id}  `);
});
