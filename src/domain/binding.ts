/**
 * One row of a `sessions.json` store, as far as collection looks at it. Times are epoch milliseconds; every field that is
 * not what it should be is taken as absent.
 */
export interface Binding {
  /** The key as the store has it. */
  readonly key: string;
  readonly sessionId: string | undefined;
  /** Its transcript's file, where the row names one. */
  readonly sessionFile: string | undefined;
  /** When its session id became active. */
  readonly startedAtMs: number | undefined;
  /** When anything was last done in it. */
  readonly activeAtMs: number | undefined;
  /** How its last run ended. */
  readonly status: string | undefined;
  readonly pinned: boolean;
  /** The row says that more than one person writes there. */
  readonly isShared: boolean;
  readonly isHeartbeat: boolean;
  readonly isAcp: boolean;
}

type Entry = Readonly<Record<string, unknown>>;

/** Reads a row, of any host from 2026.3.11 on. */
export function bindingOf(key: string, entry: Entry): Binding {
  const startedAtMs = timeOf(entry["sessionStartedAt"]);
  return {
    key,
    sessionId: textOf(entry["sessionId"]),
    sessionFile: textOf(entry["sessionFile"]),
    startedAtMs,
    activeAtMs: activeAtMs(entry) ?? startedAtMs,
    status: textOf(entry["status"]),
    pinned: isSet(entry["pinnedAt"]) || entry["pinned"] === true,
    isShared: isShared(entry),
    isHeartbeat: isSet(entry["heartbeatIsolatedBaseSessionKey"]),
    isAcp: isSet(entry["acp"]),
  };
}

/**
 * The last of what its user and its runs did. `updatedAt` only where there is nothing else: the host sets it to the time of
 * the start for every session that it finds interrupted (host contract, section 1).
 */
function activeAtMs(entry: Entry): number | undefined {
  const lastMs = Math.max(
    timeOf(entry["lastInteractionAt"]) ?? 0,
    timeOf(entry["lastActivityAt"]) ?? 0,
    timeOf(entry["startedAt"]) ?? 0,
    timeOf(entry["endedAt"]) ?? 0,
  );
  return lastMs === 0 ? timeOf(entry["updatedAt"]) : lastMs;
}

const SHARED = new Set<unknown>(["group", "channel", "thread"]);

function isShared(entry: Entry): boolean {
  const { origin } = entry;
  const chatType = entry["chatType"] ?? (isObject(origin) ? origin["chatType"] : undefined);
  return SHARED.has(typeof chatType === "string" ? chatType.trim().toLowerCase() : chatType) || isSet(entry["groupId"]);
}

const isObject = (value: unknown): value is Entry => typeof value === "object" && value !== null;
const isSet = (value: unknown): boolean => value !== undefined && value !== null;
const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
/** A smaller number is no time in milliseconds. */
const EARLIEST_MS = Date.UTC(2001, 8, 10);
const timeOf = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) && value >= EARLIEST_MS ? value : undefined;
