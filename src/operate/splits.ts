import type { HostParts } from "../host/host-parts.ts";
import { splitConversations } from "../host/split-conversations.ts";
import { readRow } from "./find-session.ts";
import type { SplitView } from "./views.ts";

/** All conversations of the host that have fallen apart, with where each part of them is. */
export async function splitViews(host: HostParts): Promise<SplitView[]> {
  const splits = await splitConversations(host);
  return splits.map(({ agentId, key, parts }) => ({
    agentId,
    key,
    parts: parts.map((part) => ({
      ...part,
      transcript: transcriptOf(host, agentId, part.sessionKey),
      firstUserMessageAtMs: part.firstUserMessageAtMs ?? null,
      lastUserMessageAtMs: part.lastUserMessageAtMs ?? null,
    })),
  }));
}

function transcriptOf(host: HostParts, agentId: string, sessionKey: string): string {
  const row = readRow(host, agentId, sessionKey);
  return (row && host.transcriptFileOf(row)) ?? host.storePathOf(agentId);
}
