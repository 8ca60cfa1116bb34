import { setImmediate } from "node:timers/promises";
import { sharedConversations, type SplitConversation, splitOf } from "../domain/same-conversation.ts";
import type { SessionRow } from "../domain/session.ts";
import type { HostParts } from "./host-parts.ts";
import { listAgentIds } from "./sdk.ts";

/** All conversations of the host that are split. An agent whose sessions cannot be listed has none. */
export function splitConversations({ config, sessions, transcripts }: HostParts): SplitConversation[] {
  return listAgentIds(config()).flatMap((agentId) => {
    try {
      const rows = sessions.list(agentId, () => undefined);
      const shared = sharedConversations(rows, (row) => transcripts.atBoot(row));
      return shared.flatMap((one) => splitOf(one, (row) => transcripts.whole(row)) ?? []);
    } catch {
      return [];
    }
  });
}

/** How many of these conversations are split; their transcripts are read one at a time, between other work. */
export async function countSplits(
  shared: readonly (readonly SessionRow[])[],
  { transcripts }: Pick<HostParts, "transcripts">,
): Promise<number> {
  let count = 0;
  for (const rows of shared) {
    await setImmediate();
    if (splitOf(rows, (row) => transcripts.whole(row)) !== undefined) count += 1;
  }
  return count;
}
