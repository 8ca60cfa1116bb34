import type { AdmissionLimits } from "../domain/admit.ts";
import type { EventBus } from "../domain/events.ts";
import type { ResumeRecord } from "../domain/record.ts";
import { scopeFilter } from "../settings/scope.ts";
import type { Settings } from "../settings/settings.ts";
import { judgeInterrupted, type Judgement } from "./boot.ts";
import { knownJumps } from "./clock-watch.ts";
import type { HostParts } from "./host-parts.ts";
import { continuedSessions } from "./restart-continuation.ts";
import { keepsTranscriptFiles, listAgentIds } from "./sdk.ts";
import type { Steps } from "./slices.ts";

/** Judges every interrupted session of the host: at boot, and for whoever asks what a boot would say. */
export function judgeSessions(
  host: HostParts,
  options: {
    readonly settings: Settings;
    /** What earlier boots have claimed. */
    readonly known: readonly ResumeRecord[];
    /** Why there may have been more. */
    readonly lost: string | undefined;
    readonly nowMs: number;
    /** Since when a turn can be live (see `identify`). */
    readonly liveSinceMs: number;
    readonly events: Pick<EventBus, "emit">;
  },
): Steps<Judgement> {
  const { settings, lost, ...rest } = options;
  return judgeInterrupted({
    ...host,
    ...rest,
    // A damaged record may have been that of any session.
    recordLost: lost !== undefined || rest.known.some(({ damage }) => damage !== undefined),
    agentIds: listAgentIds(host.config()),
    continuations: continuedSessions(host.stateDir),
    limits: admissionLimits(settings, host),
  });
}

function admissionLimits({ filter, budget, resume }: Settings, host: HostParts): AdmissionLimits {
  return {
    ...filter,
    maxPerBoot: budget.maxPerBoot,
    maxAttempts: resume.maxAttempts,
    hostTellsOfUnwritten: keepsTranscriptFiles,
    holdUnsafeTails: resume.unsafeTail === "hold",
    excludedBy: scopeFilter(filter),
    // The host's default: direct chats share the main session.
    directChatsShareMain: (host.config().session?.dmScope ?? "main") === "main",
    clockJumps: knownJumps(host.stateDir),
  };
}
