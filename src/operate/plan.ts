import { verdictsOf } from "../host/boot.ts";
import { judgeSessions } from "../host/admission.ts";
import type { HostParts } from "../host/host-parts.ts";
import { atOnce } from "../host/slices.ts";
import { unusable } from "../record/database.ts";
import type { ResumeRecord } from "../domain/record.ts";
import type { ServiceState } from "../domain/service-state.ts";
import type { BootVerdict } from "../record/verdicts.ts";
import { resolveSettings } from "../settings/resolve.ts";
import type { Settings } from "../settings/settings.ts";
import type { SettingsError } from "../settings/validate.ts";
import { countVerdicts, toPlanItem } from "./explain.ts";
import { OperatorError } from "./operator-error.ts";
import type { PlanView } from "./views.ts";

type PlanFacts = Pick<PlanView, "of" | "source" | "state" | "atMs">;

/** Verdicts as a plan; `settings` are those that they were made by. */
export function planView(
  facts: PlanFacts,
  verdicts: readonly BootVerdict[],
  settings: Pick<Settings, "budget"> | undefined,
): PlanView {
  const admitted = verdicts.filter(({ verdict }) => verdict.kind === "admit");
  const estimated = admitted.reduce((sum, { estimatedTokens = 0 }) => sum + estimatedTokens, 0);
  const tokens = { estimated, limit: settings?.budget.maxTokensPerBoot ?? null };
  return { ...facts, sessions: verdicts.map(toPlanItem), totals: countVerdicts(verdicts), tokens };
}

/** What a restart this minute would say of every session. Changes nothing. */
export function judgeNow(
  host: HostParts,
  settings: Settings,
  known: readonly ResumeRecord[],
  nowMs: number,
): BootVerdict[] {
  const quiet = { emit: () => undefined };
  // A restart would cut every running turn off.
  const lost = unusable(host.stateDir);
  const options = { settings, known, lost, nowMs, liveSinceMs: Infinity, events: quiet };
  return verdictsOf(atOnce(judgeSessions(host, options)));
}

/** The settings to judge by: those tried out, or those in force. Throws what is wrong with them. */
export function settingsFor(
  tried: unknown,
  inForce: Settings | undefined,
  inForceErrors: readonly SettingsError[],
): { readonly settings: Settings; readonly state: ServiceState } {
  const resolved = tried === undefined ? undefined : resolveSettings(tried);
  const settings = resolved === undefined ? inForce : resolved.ok ? resolved.settings : undefined;
  if (settings !== undefined) return { settings, state: settings.mode };
  const errors = resolved?.ok === false ? resolved.errors : inForceErrors;
  const lines = errors.map(({ path, message }) => `${path === "" ? "settings" : path}: ${message}`);
  throw new OperatorError("invalid-settings", `the settings are wrong: ${lines.join("; ")}`);
}
