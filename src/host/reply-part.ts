import { existsSync } from "node:fs";
import { basename, isAbsolute, resolve } from "node:path";
import type { PluginRuntime } from "openclaw/plugin-sdk/runtime-store";
import type { ReplyPart } from "../domain/record.ts";

type Payload = NonNullable<Awaited<ReturnType<PluginRuntime["agent"]["runEmbeddedAgent"]>>["payloads"]>[number];

/**
 * What goes out of one message of a run; its flags and what the host adds for itself stay behind. `mediaDir`: where its files
 * are, on a host whose outbound queue does not look for them itself, and takes a message with one that is not there.
 */
export function toPart(payload: Payload, mediaDir?: string): ReplyPart {
  const { text, audioAsVoice, trustedLocalMedia, replyToId, channelData } = payload;
  const place = (url: string) => (mediaDir === undefined || !isRelativePath(url) ? url : resolve(mediaDir, url));
  const mediaUrl = payload.mediaUrl === undefined ? undefined : place(payload.mediaUrl);
  const mediaUrls = payload.mediaUrls?.map(place);
  const part = { text, mediaUrl, mediaUrls, audioAsVoice, trustedLocalMedia, replyToId, channelData };
  const sent = Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined));
  return mediaDir !== undefined && mediaOf(sent).some(isMissing) ? withoutMedia(sent) : sent;
}

/** Its words, and a line for each file, as an ordinary turn says it: media that cannot be read must not cost the words. */
export function withoutMedia(part: ReplyPart): ReplyPart {
  const {
    mediaUrl: _mediaUrl,
    mediaUrls: _mediaUrls,
    audioAsVoice: _asVoice,
    trustedLocalMedia: _isTrusted,
    ...rest
  } = part;
  const lines = mediaOf(part).map((url) => `⚠️ ${nameOf(url)}: this file could not be sent.`);
  const text = [part.text?.trim() ?? "", ...lines].filter((line) => line !== "").join("\n");
  return { ...rest, text };
}

/** Paths and addresses, each once. */
export const mediaOf = ({ mediaUrl, mediaUrls }: ReplyPart): string[] =>
  [...new Set([mediaUrl, ...(mediaUrls ?? [])])].filter((url) => url !== undefined && url !== "") as string[];

const isMissing = (url: string): boolean => isAbsolute(url) && !existsSync(url);

const nameOf = (url: string): string => basename(url.replace(/[?#].*$/, ""));

const isRelativePath = (url: string): boolean =>
  url !== "" && !isAbsolute(url) && !/^(~|[a-z][a-z0-9+.-]*:)/i.test(url);
