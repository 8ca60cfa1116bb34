import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { PluginRuntime } from "openclaw/plugin-sdk/runtime-store";
import type { SessionRow } from "../domain/session.ts";
import { messageOf } from "../domain/transcript-tail.ts";
import { RECOVERY_SOURCE } from "./recovery-source.ts";

/** Hosts before 2026.8 keep each transcript as a file of one JSON event per line, beside the store of its session. */

type SessionApi = PluginRuntime["agent"]["session"];

/** What those hosts have besides. */
type FileSessionApi = {
  readonly resolveSessionFilePath?: (
    sessionId: string,
    entry: unknown,
    options: { readonly agentId: string; readonly sessionsDir: string },
  ) => string;
};

/** Where a session's transcript is; there may be no such file yet. May throw. */
export function transcriptFile(
  api: Pick<SessionApi, "getSessionEntry">,
  { agentId, sessionKey, sessionId }: SessionRow,
  storePath: string,
): string {
  const sessionsDir = dirname(storePath);
  const { resolveSessionFilePath } = api as FileSessionApi;
  if (resolveSessionFilePath === undefined) return join(sessionsDir, `${sessionId}.jsonl`);
  // The entry may name another file than its session id does.
  const entry = api.getSessionEntry({ agentId, sessionKey, hydrateSkillPromptRefs: false });
  return resolveSessionFilePath(sessionId, entry, { agentId, sessionsDir });
}

/** Every event, oldest first; none when there is no such file. Throws a `SyntaxError` at a line that is no JSON. */
export function readTranscriptFile(path: string): unknown[] {
  const text = unlessMissing(() => readFileSync(path, "utf8")) ?? "";
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line): unknown => JSON.parse(line));
}

/** How long it is and when it was last written, epoch milliseconds; `undefined` when there is no such file. */
export function transcriptFileStats(
  path: string,
): { readonly sizeBytes: number; readonly lastMutationAtMs: number } | undefined {
  const stats = unlessMissing(() => statSync(path));
  return stats === undefined ? undefined : { sizeBytes: stats.size, lastMutationAtMs: Math.floor(stats.mtimeMs) };
}

/**
 * What a run must be told so that the conversation stays whole.
 *
 * Those hosts take an unanswered message at the very end of the file off the active branch and merge it with the prompt; if
 * the prompt is then not written down, the message is lost to every later turn (2026.7.1-2). So the message itself is
 * written again in the place of the prompt. Once an attempt was cancelled it is no longer at the end, and stays.
 *
 * The prompt reaches the model as what stands beside that message in it: without the message there it would be left out,
 * where the host has noted something behind the message first, as that the model is another one (2026.6.5).
 */
export function runOnFile(
  path: string,
  prompt: string,
): {
  readonly sessionFile: string;
  readonly prompt?: string;
  readonly transcriptPrompt?: string;
  readonly suppressNextUserMessagePersistence: boolean;
} {
  const message = messageOf(readTranscriptFile(path).at(-1));
  if (message?.["role"] !== "user") return { sessionFile: path, suppressNextUserMessagePersistence: true };
  const text = plainText(message["content"]);
  return {
    sessionFile: path,
    suppressNextUserMessagePersistence: false,
    ...(text === undefined ? {} : { prompt: `${text.trim()}\n\n${prompt}`, transcriptPrompt: text }),
  };
}

/** Without the messages that runs on the file have written again: they are as old as what they repeat. */
export function withoutRepeats(events: readonly unknown[]): unknown[] {
  return events.filter((event) => {
    const message = messageOf(event);
    const { sourceTool } = (message?.["provenance"] ?? {}) as { sourceTool?: unknown };
    return message?.["role"] !== "user" || sourceTool !== RECOVERY_SOURCE;
  });
}

/** Of a message that is nothing but text. */
export function plainText(content: unknown): string | undefined {
  if (typeof content === "string") return content;
  const parts = Array.isArray(content) ? (content as { type?: unknown; text?: unknown }[]) : [];
  const texts = parts.flatMap(({ type, text }) => (type === "text" && typeof text === "string" ? [text] : []));
  return texts.length > 0 && texts.length === parts.length ? texts.join("\n") : undefined;
}

function unlessMissing<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
