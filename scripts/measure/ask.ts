/** A Telegram user writes and waits for the answer. */
import type { FakeBotApi } from "../../test/support/fake-bot-api.ts";
import { botToken } from "../../test/support/fake-bot-api.ts";

const GIVE_UP_MS = 60_000;

export type Chat = { chatId: number; token: string };

/** Milliseconds from the message to the first answer to it. */
export async function ask(botApi: FakeBotApi, { chatId, token }: Chat): Promise<number> {
  const afterMs = botApi.userSays({ chatId, token, text: `And now? [chat ${chatId}]` });
  const reply = await botApi.waitForReply(chatId, { token, afterMs, matching: /Answered/, timeoutMs: GIVE_UP_MS });
  return reply.atMs - afterMs;
}

/** Chats that were never there before, with each agent's bot in turn. */
export class NewChats {
  readonly #agents: number;
  #made = 0;

  constructor(agents: number) {
    this.#agents = agents;
  }

  next(): Chat {
    const nth = (this.#made += 1);
    return { chatId: 900_000 + nth, token: botToken(nth % this.#agents) };
  }

  /** One for each agent: the first turn of an agent after a boot loads what later ones find loaded. */
  async warm(botApi: FakeBotApi): Promise<void> {
    for (let agent = 0; agent < this.#agents; agent += 1) await ask(botApi, this.next());
  }
}
