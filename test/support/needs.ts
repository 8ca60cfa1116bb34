/** Tests that need what not every host has (host-features.ts). */
import type { TestOptions } from "vitest";
import type { HostFeature } from "./host-features.ts";
import { testedHost } from "./hosts.ts";

declare module "vitest" {
  interface TaskMeta {
    /** What the tested host lacks for the test: it goes into the report and so into docs/hosts.md. */
    lacks?: HostFeature;
  }
}

/** Options of a test, or of a `describe` around several: they run only on a host that has the feature. */
export function needs(feature: HostFeature): Pick<TestOptions, "skip" | "meta"> {
  return testedHost().features.has(feature) ? {} : { skip: true, meta: { lacks: feature } };
}
