import type { PluginRuntime } from "openclaw/plugin-sdk/runtime-store";
import { resolveSendPolicy } from "openclaw/plugin-sdk/session-store-runtime";
import type { OpenClawConfig } from "openclaw/plugin-sdk/plugin-entry";
import { classifyRunError } from "../domain/run-error.ts";
import { conversationOf, type KeyRules, type OwnedKind } from "../domain/conversation.ts";
import type { DeliveryRoute, SessionRow } from "../domain/session.ts";
import type { QueuedResume } from "../domain/queued-resume.ts";
import { estimateOf, modelOf, modelToName } from "./model-use.ts";
import { type RunContext, runContextOf } from "./run-context.ts";
import { keepsTranscriptFiles, listAgentIds } from "./sdk.ts";

type SessionApi = PluginRuntime["agent"]["session"];
type HostEntry = NonNullable<ReturnType<SessionApi["getSessionEntry"]>>;

/** The host's session store, narrowed to what a resume needs. */
export interface SessionStore {
  /**
   * All sessions of an agent, listed by the host at once and each read when it is asked for. Rows that cannot be understood
   * are handed to `onUnreadable` and left out.
   */
  list(agentId: string, onUnreadable: (sessionKey: string, error: unknown) => void): Iterable<SessionRow>;
  get(agentId: string, sessionKey: string): SessionRow | undefined;
  /** Whether the host itself has started this run to recover the session; `undefined`: it does not say (before 2026.8). */
  isRecovery(agentId: string, sessionKey: string, runId: string): boolean | undefined;
  /** What its next run will ask, and use at least. */
  forecast(row: Pick<SessionRow, "agentId" | "sessionKey" | "totalTokens">): Forecast;
  /** What a run takes from the session besides its transcript. */
  runContext(row: SessionRow): RunContext;
  /** Where a reply goes, unless the operator's send policy forbids it. */
  routeOf(row: SessionRow): DeliveryRoute | undefined;
  /**
   * Takes the session from the host's own recovery in one commit, unless it has changed since `row` was read. Returns the
   * forecast of its next run, for which it would have to be read again; `undefined` when it was not taken.
   */
  claim(row: SessionRow): Promise<Forecast | undefined>;
  /**
   * Gives a claimed session back to the host's recovery, unless it has moved on. Returns whether it was. `now`: to the
   * recovery that is about to begin; `at-next-start`: until then its user is served as ever.
   */
  release(row: SessionRow, when: "now" | "at-next-start"): Promise<boolean>;
  /** Writes that its turn has ended well, where the host has not; unless it has moved on. Returns whether it did. */
  finish(row: SessionRow): Promise<boolean>;
}

/** What is known of a run beforehand. */
export type Forecast = Pick<QueuedResume, "provider" | "estimate">;

/**
 * What a claim writes. `undefined` removes a field; an entry that keeps `mainRestartRecovery` is marked again by the
 * host (host contract, section 2). One with transcripts in files sends what it recovers only where the entry tells the chat,
 * and the session may become the host's again (2026.7.1-2): every turn begins with telling it anew.
 */
const CLAIM_PATCH = {
  status: "killed",
  abortedLastRun: false,
  mainRestartRecovery: undefined,
  restartRecoveryRuns: undefined,
  restartRecoveryDeliveryRunId: undefined,
  restartRecoveryDeliverySourceRunId: undefined,
  ...(keepsTranscriptFiles ? {} : { restartRecoveryDeliveryContext: undefined }),
  restartRecoveryForceSafeTools: undefined,
};

/**
 * What a release writes: the marks by which the host's recovery knows an interrupted turn. A status alone it looks at only
 * when it starts, as after a crash; the other mark makes a running gateway recover the session ahead of its user's own
 * message (2026.9.6). A host with transcripts in files does no such thing, and may look at a status only beside a lock that
 * its own turn has left behind (2026.6.5): there the other mark is needed. Its user's next turn then begins with the host's note
 * that the one before was broken off.
 */
const RELEASE_PATCHES = {
  now: { status: "running", abortedLastRun: true },
  "at-next-start": { status: "running", abortedLastRun: keepsTranscriptFiles },
};

/**
 * A patch adds no row, so nothing has to be cleaned up after it. Otherwise the host begins anew with that after each of
 * thousands, in a thread of its own, and says that it failed when the next one comes (2026.9.6: a claim costs twice as much).
 * It lasts until the host's own next write.
 */
const NO_CLEANUP: NonNullable<Parameters<SessionApi["patchSessionEntry"]>[0]["maintenanceConfig"]> = {
  mode: "warn",
  pruneAfterMs: Number.MAX_SAFE_INTEGER,
  archiveDashboardAfterMs: null,
  maxEntries: Number.MAX_SAFE_INTEGER,
  modelRunPruneAfterMs: Number.MAX_SAFE_INTEGER,
  resetArchiveRetentionMs: null,
  maxDiskBytes: null,
  highWaterBytes: null,
};

/** The host's session store behind its public API. */
export function createSessionStore(
  api: Pick<SessionApi, "listSessionEntries" | "getSessionEntry" | "patchSessionEntry">,
  config: () => OpenClawConfig,
): SessionStore {
  // Skill snapshots make entries tens of KB each and say nothing about an interruption.
  const lean = { hydrateSkillPromptRefs: false } as const;
  const latest = ({ agentId, sessionKey }: Pick<SessionRow, "agentId" | "sessionKey">) =>
    api.getSessionEntry({ agentId, sessionKey, readConsistency: "latest", ...lean });
  return {
    list: (agentId, onUnreadable) =>
      rowsOf(api.listSessionEntries({ agentId, readOnly: true, ...lean }).toReversed(), agentId, onUnreadable),
    get(agentId, sessionKey) {
      const entry = latest({ agentId, sessionKey });
      return entry === undefined ? undefined : toRow(agentId, sessionKey, entry, keyRules(config()));
    },
    isRecovery(agentId, sessionKey, runId) {
      // There it says which runs were cut off, if anything (2026.7.1-2).
      if (keepsTranscriptFiles) return undefined;
      const runs: unknown = latest({ agentId, sessionKey })?.restartRecoveryRuns;
      return Array.isArray(runs) && runs.some((run) => asObject(run)?.["runId"] === runId);
    },
    forecast(row) {
      return forecastOf(row, () => latest(row));
    },
    runContext(row) {
      const entry = latest(row);
      if (entry === undefined) return {};
      return { ...modelToName(config(), entry, row.agentId), ...runContextOf(entry, row.route) };
    },
    routeOf(row) {
      const entry = latest(row);
      if (entry === undefined || row.route === undefined) return undefined;
      const { channel } = row.route;
      const chatType = entry.chatType === undefined ? {} : { chatType: entry.chatType };
      const policy = resolveSendPolicy({ cfg: config(), entry, sessionKey: row.sessionKey, channel, ...chatType });
      return policy === "deny" ? undefined : row.route;
    },
    async claim(row) {
      const entry = await patchIfSame(row, CLAIM_PATCH);
      return entry && forecastOf(row, () => entry);
    },
    release: async (row, when) => (await patchIfSame(row, RELEASE_PATCHES[when])) !== undefined,
    finish: async (row) =>
      row.status === CLAIM_PATCH.status && (await patchIfSame(row, { status: "done" })) !== undefined,
  };

  /**
   * Takes what is listed from the end, and lets go of each when it is read: together they are kilobytes times thousands, and
   * the garbage collector goes through all that is held.
   */
  function* rowsOf(
    left: ReturnType<SessionApi["listSessionEntries"]>,
    agentId: string,
    onUnreadable: (sessionKey: string, error: unknown) => void,
  ): Generator<SessionRow, void> {
    const rules = keyRules(config());
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const row = readable(next);
      if (row !== undefined) yield row;
    }

    function readable({ sessionKey, entry }: (typeof left)[number]): SessionRow | undefined {
      try {
        return toRow(agentId, sessionKey, entry, rules);
      } catch (error) {
        onUnreadable(sessionKey, error);
        return undefined;
      }
    }
  }

  /** A forecast that cannot be made must not cost the session its resume. */
  function forecastOf(
    { agentId, totalTokens }: Pick<SessionRow, "agentId" | "totalTokens">,
    read: () => HostEntry | undefined,
  ): Forecast {
    try {
      const entry = read();
      const model = entry === undefined ? undefined : modelOf(config(), entry, agentId);
      return { provider: model?.provider, estimate: estimateOf(config(), model, totalTokens) };
    } catch {
      return { provider: undefined, estimate: { tokens: totalTokens ?? 0, costUsd: 0 } };
    }
  }

  /** Returns the entry that was patched, as it was before. */
  async function patchIfSame(row: SessionRow, patch: object): Promise<HostEntry | undefined> {
    const { agentId, sessionKey } = row;
    let patched: HostEntry | undefined;
    await api.patchSessionEntry({
      agentId,
      sessionKey,
      preserveActivity: true,
      maintenanceConfig: NO_CLEANUP,
      update: (entry) => {
        patched = isSameTurn(row, toRow(agentId, sessionKey, entry, keyRules(config()))) ? entry : undefined;
        // The host removes fields that are set to undefined; its type does not say so.
        return patched === undefined ? null : patch;
      },
    });
    return patched;
  }
}

function isSameTurn(before: SessionRow, now: SessionRow): boolean {
  return (
    before.sessionId === now.sessionId &&
    before.status === now.status &&
    before.lastInteractionAtMs === now.lastInteractionAtMs
  );
}

/** Reads one entry. Throws when it has no usable identity; every other odd field is taken as absent. */
function toRow(agentId: string, sessionKey: string, entry: unknown, rules: KeyRules): SessionRow {
  const fields = asObject(entry);
  const sessionId = fields?.["sessionId"];
  if (fields === undefined || typeof sessionId !== "string" || sessionId === "") {
    throw new Error("the session entry has no session id");
  }
  const recovery = asObject(fields["mainRestartRecovery"]);
  const route = storedRoute(fields);
  const lastRunError = asString(fields["lastRunError"]);
  return {
    agentId,
    sessionKey,
    sessionId,
    conversation: conversationOf({ agentId, sessionKey, route, owner: ownerOf(fields) }, rules),
    chatKind: chatKindOf(fields["chatType"]),
    status: asString(fields["status"]),
    abortedLastRun: fields["abortedLastRun"] === true,
    lastInteractionAtMs: asPositive(fields["lastInteractionAt"]),
    stoppedAtMs: asPositive(fields["abortCutoffTimestamp"]),
    startedAtMs: asPositive(fields["sessionStartedAt"]),
    route,
    name: nameOf(fields),
    archived: isSet(fields["archivedAt"]),
    pinned: isSet(fields["pinnedAt"]),
    lastRunError: lastRunError === undefined ? undefined : classifyRunError(lastRunError),
    totalTokens: asPositive(fields["totalTokens"]),
    marks: {
      pendingFinalDelivery: isSet(fields["pendingFinalDelivery"]),
      messageToolOnly: fields["restartRecoverySourceReplyDeliveryMode"] === "message_tool_only",
      harnessCompletion: isSet(fields["restartRecoveryHarnessCompletion"]),
      deliveryReceipt: isSet(fields["restartRecoveryDeliveryReceiptState"]),
      recoveryTombstone: isSet(recovery?.["tombstone"]),
      modelSelectionLocked: fields["modelSelectionLocked"] === true,
      cliBacked: CLI_FIELDS.some((field) => isSet(fields[field])),
      pluginOwned: isSet(fields["pluginOwnerId"]),
      spawned: (typeof fields["spawnDepth"] === "number" && fields["spawnDepth"] > 0) || isSet(fields["subagentRole"]),
    },
  };
}

/** What the host keeps of a session in a command-line agent. */
const CLI_FIELDS = ["cliSessionBindings", "cliSessionIds", "claudeCliSessionId"] as const;

/** What only the entry tells of its owner. */
function ownerOf(entry: Record<string, unknown>): OwnedKind | undefined {
  if (isSet(entry["heartbeatIsolatedBaseSessionKey"])) return "heartbeat";
  return isSet(entry["acp"]) ? "acp" : undefined;
}

/** The host's settings of today that decide session keys; its own defaults where they are not set. */
function keyRules(config: OpenClawConfig): KeyRules {
  const { mainKey, scope, dmScope, identityLinks } = config.session ?? {};
  return {
    mainKey: mainKey ?? "main",
    globalScope: scope === "global",
    dmScope: dmScope ?? "main",
    identityLinks: identityLinks ?? {},
    adoptsMain: !listAgentIds(config).includes("main"),
  };
}

const MOST_OF_A_NAME = 200;

/** The name that its owner has given it, or that of its chat; not one that the host has made of what was said in it. */
function nameOf(entry: Record<string, unknown>): string | undefined {
  const origin = asObject(asObject(entry["delivery"])?.["origin"]) ?? asObject(entry["origin"]);
  const name = [entry["label"], origin?.["label"]].map(asString).find((one) => one !== undefined && one.trim() !== "");
  return name?.slice(0, MOST_OF_A_NAME).toWellFormed();
}

function chatKindOf(chatType: unknown): SessionRow["chatKind"] {
  if (chatType === "direct") return "direct";
  return chatType === "group" || chatType === "channel" ? "group" : "other";
}

function storedRoute(entry: Record<string, unknown>): DeliveryRoute | undefined {
  const context = isSet(entry["delivery"]) ? currentContext(entry["delivery"]) : olderContext(entry);
  const channel = asString(context?.["channel"]);
  const to = asString(context?.["to"]);
  if (channel === undefined || to === undefined) return undefined;
  const accountId = asString(context?.["accountId"]);
  const threadId = context?.["threadId"];
  return {
    channel,
    to,
    ...(accountId === undefined ? {} : { accountId }),
    ...(typeof threadId === "string" || typeof threadId === "number" ? { threadId } : {}),
  };
}

function currentContext(delivery: unknown): Record<string, unknown> | undefined {
  const state = asObject(delivery);
  return state?.["kind"] === "external" ? asObject(state["context"]) : undefined;
}

/** What the Control UI is called where a channel is named; nothing can be sent there. */
const NO_CHANNEL = "webchat";

/** Where hosts before 2026.8 keep it: `deliveryContext`, and the same in four fields. */
function olderContext(entry: Record<string, unknown>): Record<string, unknown> | undefined {
  const context = asObject(entry["deliveryContext"]) ?? {
    channel: entry["lastChannel"],
    to: entry["lastTo"],
    accountId: entry["lastAccountId"],
    threadId: entry["lastThreadId"],
  };
  return context["channel"] === NO_CHANNEL ? undefined : context;
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
}

const asString = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
const asPositive = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined;
const isSet = (value: unknown): boolean => value !== undefined && value !== null;
