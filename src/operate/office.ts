import type { EventBus } from "../domain/events.ts";
import type { ServiceState } from "../domain/service-state.ts";
import type { HostParts } from "../host/host-parts.ts";
import type { LaneFuse } from "../host/lane-fuse.ts";
import type { Permits } from "../host/permits.ts";
import type { ResumeLane } from "../lane/resume-lane.ts";
import type { RecordAtRest } from "../record/record-at-rest.ts";
import type { RecordStore } from "../record/record-store.ts";
import type { BootVerdict } from "../record/verdicts.ts";
import type { Settings } from "../settings/settings.ts";
import type { SettingsError } from "../settings/validate.ts";
import { OperatorError } from "./operator-error.ts";
import type { Changes } from "../observe/changes.ts";
import type { Timeline } from "../observe/timeline.ts";
import type { Totals } from "./totals.ts";

/** What the running plugin lets the operator see and touch. */
export interface Office {
  readonly pluginId: string;
  readonly version: string;
  readonly state: ServiceState;
  readonly nowMs: () => number;
  readonly host: HostParts;
  /** Those in force; `undefined` when they are wrong. */
  readonly settings: Settings | undefined;
  /** The configuration that they were made of. */
  readonly settingsConfig: unknown;
  readonly settingsErrors: readonly SettingsError[];
  readonly events: EventBus;
  readonly totals: Totals;
  readonly timeline: Timeline;
  readonly changes: Changes;
  /** What this boot has said; `undefined` when it has judged nothing. */
  readonly boot: { readonly id: string; readonly atMs: number; readonly verdicts: readonly BootVerdict[] } | undefined;
  /** That of `active`; while the plugin only observes, one without work of its own. */
  readonly lane: ResumeLane | undefined;
  /** The record, while there is no `active`. */
  readonly atRest: () => RecordAtRest;
  /** The lane and its record, while sessions are claimed. */
  readonly active:
    | {
        readonly lane: ResumeLane;
        readonly records: RecordStore;
        readonly fuse: Pick<LaneFuse, "untilMs" | "reset">;
        readonly permits: Pick<Permits, "fleet">;
      }
    | undefined;
  /** Functions of the host's that a resume needs, by name. */
  readonly hostFeatures: Readonly<Record<string, boolean>>;
  /** How many messages of users the host has announced since the start. */
  readonly messagesSeen: number;
}

/** The lane and its record. Throws when there is nothing to change. */
export function activeOf({ active, state }: Office): NonNullable<Office["active"]> {
  if (active !== undefined) return active;
  throw new OperatorError(
    "not-active",
    `this plugin resumes nothing in this gateway, so there is nothing to change: it is ${state}`,
  );
}
