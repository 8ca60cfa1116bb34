/** Who writes after the restart, and how long the first reply takes. */
import type { RestartedGateway } from "../../test/support/restarted-gateway.ts";
import { WaitTimeout } from "../../test/support/wait.ts";

export const WRITERS = ["new", "queued", "resuming"] as const;
export type Writer = (typeof WRITERS)[number];

export const WRITER_NAMES: Record<Writer, string> = {
  new: "a new chat",
  queued: "a chat waiting to be resumed",
  resuming: "the chat being resumed",
};

/** Milliseconds to the first reply; `no-reply`: none in time; `no-such-chat`: too few chats were interrupted. */
export type FirstReply = number | "no-reply" | "no-such-chat";

const NEW_CHAT_ID = 900_001;

/** Writes in one chat of the kind and waits for the first answer there (a notice of the host is none). */
export async function firstReply(
  restarted: RestartedGateway,
  writer: Writer,
  options: { slots: number; waitMs: number; asked: Set<number> },
): Promise<FirstReply> {
  const chat = await chatOf(restarted, writer, options);
  if (chat === undefined) return "no-such-chat";
  const { chatId, token } = chat;
  options.asked.add(chatId);
  const afterMs = restarted.botApi.userSays({ chatId, token, text: `And now? [chat ${chatId}]` });
  try {
    const reply = await restarted.botApi.waitForReply(chatId, { token, afterMs, timeoutMs: options.waitMs });
    return reply.atMs - afterMs;
  } catch (error) {
    if (error instanceof WaitTimeout) return "no-reply";
    throw error;
  }
}

/** Chosen when as many resumes are open at the model as can be (`slots`). */
async function chatOf(
  restarted: RestartedGateway,
  writer: Writer,
  { slots, asked }: { slots: number; asked: Set<number> },
): Promise<{ chatId: number; token: string } | undefined> {
  const left = restarted.chats.filter(({ chatId }) => !asked.has(chatId));
  if (left.length === 0 && writer !== "new") return undefined;
  const open = await restarted.waitForResumes(Math.max(1, Math.min(slots, left.length)), 90_000);
  const resuming = new Set(open.map(({ chat }) => chat));
  if (writer === "new") return { chatId: NEW_CHAT_ID, token: restarted.chats[0]!.token };
  return left.find(({ chatId }) => resuming.has(chatId) === (writer === "resuming"));
}
