import { isAbsolute, resolve } from "node:path";
import type { PluginRuntime } from "openclaw/plugin-sdk/runtime-store";
import type { ReplyPart } from "../domain/record.ts";

type Payload = NonNullable<Awaited<ReturnType<PluginRuntime["agent"]["runEmbeddedAgent"]>>["payloads"]>[number];

/**
 * What goes out of one message of a run; its flags and what the host adds for itself stay behind. `mediaDir`: where its files
 * are, on a host whose outbound queue does not look for them itself.
 */
export function toPart(payload: Payload, mediaDir?: string): ReplyPart {
  const { text, audioAsVoice, trustedLocalMedia, replyToId, channelData } = payload;
  const place = (url: string) => (mediaDir === undefined || !isRelativePath(url) ? url : resolve(mediaDir, url));
  const mediaUrl = payload.mediaUrl === undefined ? undefined : place(payload.mediaUrl);
  const mediaUrls = payload.mediaUrls?.map(place);
  const part = { text, mediaUrl, mediaUrls, audioAsVoice, trustedLocalMedia, replyToId, channelData };
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined));
}

const isRelativePath = (url: string): boolean => !isAbsolute(url) && !/^(~|[a-z][a-z0-9+.-]*:)/i.test(url);
