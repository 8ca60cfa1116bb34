import type { RunError } from "./run-error.ts";

/** Whom a session belongs to, as its key says (the host's own predicates decide). */
export type KeyKind = "conversation" | "subagent" | "cron" | "acp" | "heartbeat";

/** Where a reply to a session goes, as the host keeps it on the session entry. */
export interface DeliveryRoute {
  readonly channel: string;
  readonly to: string;
  readonly accountId?: string;
  readonly threadId?: string | number;
}

/**
 * What the plugin reads of one session entry.
 *
 * Times are epoch milliseconds. `updatedAt` is missing on purpose: the host rewrites it at boot, so it is no age.
 */
export interface SessionRow {
  readonly agentId: string;
  /** The key as the store has it. */
  readonly sessionKey: string;
  readonly sessionId: string;
  readonly keyKind: KeyKind;
  readonly chatKind: "direct" | "group" | "other";
  readonly status: string | undefined;
  /** The host's own mark of an interrupted turn. */
  readonly abortedLastRun: boolean;
  /** The last user or channel interaction. */
  readonly lastInteractionAtMs: number | undefined;
  /** When the user last told the agent to stop. */
  readonly stoppedAtMs: number | undefined;
  /** When this session id became active. */
  readonly startedAtMs: number | undefined;
  readonly route: DeliveryRoute | undefined;
  /** The channel that it belongs to, by its route or its key. */
  readonly channel: string | undefined;
  /** Its key has a shape that only direct chats with sessions of their own have. */
  readonly directKey: boolean;
  /** How its last run ended, where the host records an error. */
  readonly lastRunError: RunError | undefined;
  /** Size of its conversation in tokens, as the host last counted it. */
  readonly totalTokens: number | undefined;
  /** Marks that only the host, or another owner, can act on. */
  readonly marks: {
    readonly pendingFinalDelivery: boolean;
    readonly messageToolOnly: boolean;
    readonly harnessCompletion: boolean;
    readonly deliveryReceipt: boolean;
    readonly recoveryTombstone: boolean;
    readonly modelSelectionLocked: boolean;
    /** Its history lives in a command-line agent, which an embedded run does not reach. */
    readonly cliBacked: boolean;
    readonly pluginOwned: boolean;
    readonly spawned: boolean;
  };
}

/** The host's canonical form of a session key; signals and records meet under it. */
export function canonicalKey(agentId: string, sessionKey: string): string {
  return sessionKey.startsWith("agent:") ? sessionKey : `agent:${agentId}:${sessionKey}`;
}
