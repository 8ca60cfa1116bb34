/** What a chat has said lately, as a host (2026.6.5) puts it in front of the user's message: one line for each message. */
const QUOTES = /^Conversation context \(untrusted[^\n]*\):(?:\n[^\n]+)*/gm;

/** Without what the host repeats of the conversation. */
export const withoutQuotes = (text: string): string => text.replace(QUOTES, "").trim();
