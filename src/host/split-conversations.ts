import { setImmediate } from "node:timers/promises";
import { sharedConversations, type SplitConversation, splitOf } from "../domain/same-conversation.ts";
import type { SessionRow } from "../domain/session.ts";
import { type TranscriptFacts, unreadFacts } from "../domain/transcript-facts.ts";
import type { HostParts } from "./host-parts.ts";
import { listAgentIds } from "./sdk.ts";

type Shared = readonly (readonly SessionRow[])[];

/** All conversations of the host that are split. An agent whose sessions cannot be listed has none. */
export async function splitConversations(host: HostParts): Promise<SplitConversation[]> {
  const shared = listAgentIds(host.config()).flatMap((agentId) => sharedOf(agentId, host));
  return readSplits(shared, host);
}

/** Those of these conversations that are split. Transcripts are read one at a time, between other work. */
export async function readSplits(
  shared: Shared,
  { transcripts }: Pick<HostParts, "transcripts">,
): Promise<SplitConversation[]> {
  const splits: SplitConversation[] = [];
  for (const rows of shared) {
    const read = new Map<SessionRow, TranscriptFacts>();
    for (const row of rows) {
      await setImmediate();
      read.set(row, transcripts.whole(row));
    }
    const split = splitOf(rows, (row) => read.get(row) ?? unreadFacts("missing"));
    if (split !== undefined) splits.push(split);
  }
  return splits;
}

function sharedOf(agentId: string, { sessions, transcripts }: HostParts): Shared {
  try {
    const rows = sessions.list(agentId, () => undefined);
    return sharedConversations(rows, (row) => transcripts.atBoot(row), Date.now());
  } catch {
    return [];
  }
}
