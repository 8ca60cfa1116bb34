import type { Conversation } from "./conversation.ts";
import type { RunError } from "./run-error.ts";

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
  readonly conversation: Conversation;
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
  /** What the host calls it: the title of its chat or the name of its user. A stranger's text, at most 200 letters of it. */
  readonly name: string | undefined;
  /** It was put away, by its user or by the host. */
  readonly archived: boolean;
  /** Its user keeps it at hand. */
  readonly pinned: boolean;
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

/** Names one row of one store: two rows of a conversation have two names. */
export const rowName = ({ agentId, sessionKey }: Pick<SessionRow, "agentId" | "sessionKey">): string =>
  JSON.stringify([agentId, sessionKey]);
