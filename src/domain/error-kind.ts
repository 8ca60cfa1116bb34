/** What an error is, without what it says: a provider's or a channel's message may quote the conversation. */
export function errorKind(error: unknown): string {
  if (!(error instanceof Error)) return "not an error object";
  const { code } = error as { code?: unknown };
  return typeof code === "string" || typeof code === "number" ? `${error.name} (${code})` : error.name;
}
