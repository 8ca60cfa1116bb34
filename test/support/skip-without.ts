/** Tests that need a program which a machine may lack. */
import type { TestContext } from "vitest";
import type { NoProgram } from "./debian-packages.ts";

declare module "vitest" {
  interface TaskMeta {
    /** Why this machine cannot run the test: it goes into the report, so that a full run tells it from a forgotten skip. */
    missing?: string;
  }
}

/** Skips the test, and says why, where the program is missing and cannot be got. */
export function skipWithout<T extends object>(context: TestContext, program: T | NoProgram): asserts program is T {
  if (!("why" in program)) return;
  context.task.meta.missing = program.why;
  context.skip(program.why);
}
