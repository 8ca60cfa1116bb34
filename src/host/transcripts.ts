import type { SessionRow } from "../domain/session.ts";
import { transcriptFacts, type TranscriptFacts, unreadFacts } from "../domain/transcript-facts.ts";
import { loadTranscriptEventsSync, readRecentUserAssistantTextForSession, readTranscriptStatsSync } from "./sdk.ts";
import { readTranscriptFile, transcriptFileStats, withoutRepeats } from "./transcript-file.ts";

/** Reads a session's transcript. */
export interface Transcripts {
  /** What can be known at boot: a transcript of more than 64 KiB is judged by the host's statistics of it alone. */
  atBoot(row: SessionRow): TranscriptFacts;
  /** All of it; one in the host's cold storage cannot be read. */
  whole(row: SessionRow): TranscriptFacts;
  /** All of it, taken out of cold storage first where it is there. */
  restored(row: SessionRow): Promise<TranscriptFacts>;
}

/**
 * The host's public API reads a transcript whole or not at all (2026.9.6), so a long one must wait until its session is
 * about to be resumed: then the same rules are applied once more.
 */
const MAX_BYTES_AT_BOOT = 64 * 1024;

/**
 * The host's transcript store. `fileOf` tells where a transcript is on a host that keeps them as files, and is not asked on
 * any other.
 */
export function createTranscripts(
  storePathOf: (agentId: string) => string,
  fileOf: (row: SessionRow) => string,
): Transcripts {
  const scopeOf = ({ agentId, sessionKey, sessionId }: SessionRow) => ({
    agentId,
    sessionKey,
    sessionId,
    storePath: storePathOf(agentId),
  });
  const read = (row: SessionRow, stats: TranscriptStats | undefined): TranscriptFacts => {
    try {
      return transcriptFacts(eventsOf(row), stats?.sizeBytes);
    } catch (error) {
      return unreadFacts(isCutShort(error) ? "truncated" : "unreadable");
    }
  };
  const eventsOf = (row: SessionRow): readonly unknown[] =>
    loadTranscriptEventsSync === undefined
      ? withoutRepeats(readTranscriptFile(fileOf(row)))
      : loadTranscriptEventsSync(scopeOf(row));
  /** Hosts that keep no statistics do not tell. */
  const statsOf = (row: SessionRow): TranscriptStats | undefined => {
    try {
      return readTranscriptStatsSync === undefined
        ? transcriptFileStats(fileOf(row))
        : readTranscriptStatsSync(scopeOf(row));
    } catch {
      return undefined;
    }
  };
  const whole = (row: SessionRow): TranscriptFacts => read(row, statsOf(row));
  const isCold = (row: SessionRow): boolean => {
    try {
      eventsOf(row);
      return false;
    } catch (error) {
      return (error as { code?: unknown } | null)?.code === COLD;
    }
  };
  return {
    whole,
    async restored(row) {
      const { agentId, sessionKey, storePath } = scopeOf(row);
      // It cannot be restored by itself; a reader that waits for that asks for the least.
      if (isCold(row)) await readRecentUserAssistantTextForSession?.({ agentId, sessionKey, storePath, limit: 1 });
      return whole(row);
    },
    atBoot(row) {
      const stats = statsOf(row);
      if (stats === undefined || stats.sizeBytes <= MAX_BYTES_AT_BOOT) {
        const facts = read(row, stats);
        // Nobody has touched it for days: whether it is too long ago its entry tells.
        return facts.state === "unreadable" && isCold(row) ? unreadFacts("ok") : facts;
      }
      return unreadFacts("ok", { sizeBytes: stats.sizeBytes, newestEventAtMs: stats.lastMutationAtMs });
    },
  };
}

/** What the host's reader says of a transcript in cold storage (2026.8.2). */
const COLD = "TRANSCRIPT_COLD";

/** The host's type leaves out when the transcript was last written. */
interface TranscriptStats {
  readonly sizeBytes: number;
  readonly lastMutationAtMs?: number;
}

/** An event that ends in the middle; one that is something else altogether has a token where none can be. */
const isCutShort = (error: unknown): boolean =>
  error instanceof SyntaxError && !error.message.startsWith("Unexpected token");
