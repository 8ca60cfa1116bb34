import type { Subject } from "../domain/events.ts";
import type { ReplyPart } from "../domain/record.ts";
import type { DeliveryRoute } from "../domain/session.ts";
import { isQueuedAlready } from "./host-errors.ts";
import { keepsTranscriptFiles } from "./sdk.ts";
import type * as outboundSdk from "openclaw/plugin-sdk/channel-outbound";
import type { OpenClawConfig } from "openclaw/plugin-sdk/plugin-entry";

type Outbound = typeof outboundSdk;
type Intent = Parameters<NonNullable<Parameters<Outbound["sendDurableMessageBatch"]>[0]["onDeliveryIntent"]>>[0];

/**
 * Hands a reply to the host's durable outbound queue.
 *
 * `sent`: the channel has it. `suppressed`: a rule or hook of the operator's keeps it from going out. `handed-over`: the queue has it, and what becomes of it is the host's: it retries what
 * surely was not sent and never repeats what may have been. Rejects when the queue did not take it.
 */
export type Deliver = (reply: {
  readonly resume: Subject;
  /** Makes the delivery idempotent: the same id goes out once, also across crashes, where the queue knows replies by it. */
  readonly runId: string;
  readonly parts: readonly ReplyPart[];
  readonly route: DeliveryRoute;
  /** Without a sound, where the channel knows the difference. */
  readonly silent?: boolean;
  /** Ends the waiting for the channel, never the delivery. */
  readonly signal: AbortSignal;
  /** Called when a queue has it that would send it again if it got it again; before it goes out. */
  readonly onQueued?: () => void;
}) => Promise<"sent" | "suppressed" | "handed-over">;

const INTENT_PREFIX = "resume-scheduler:";
/** How long the host remembers a delivered reply, so that a repeat after a crash is known as one. */
const RECEIPT_RETENTION = { idPrefix: INTENT_PREFIX, maxAgeMs: 7 * 24 * 3_600_000, maxEntries: 10_000 } as const;

/** A channel that takes longer than this to answer is not waited for: its queue has the reply. */
const CHANNEL_WAIT_MS = 15_000;

export function createDelivery(config: () => OpenClawConfig): Deliver {
  return async ({ resume, runId, parts, route, silent, signal, onQueued }) => {
    // Loaded at the first delivery: it brings the host's channel runtime with it.
    const outbound = await import("openclaw/plugin-sdk/channel-outbound");
    // The queue of such a host (before 2026.8) names its messages by itself, and knows none by the name that it is given.
    const send = keepsTranscriptFiles ? sendBatch(outbound) : outbound.sendDurableMessageBatch;
    const deliveryIntentId = `${INTENT_PREFIX}${runId}`;
    const waited = Promise.withResolvers<"handed-over">();
    let queued = false;
    let timer: NodeJS.Timeout | undefined;
    const stopWaiting = () => waited.resolve("handed-over");
    const onDeliveryIntent = ({ id }: Intent) => {
      queued = true;
      timer = setTimeout(stopWaiting, CHANNEL_WAIT_MS).unref();
      signal.addEventListener("abort", stopWaiting, { once: true });
      if (signal.aborted) stopWaiting();
      try {
        if (id !== deliveryIntentId) onQueued?.();
      } catch {
        // Not remembered: it goes out all the same.
      }
    };
    const sending = send({
      cfg: config(),
      ...route,
      payloads: parts.map(({ mediaUrls, channelData, ...part }) => ({
        ...part,
        ...(mediaUrls === undefined ? {} : { mediaUrls: [...mediaUrls] }),
        ...(channelData === undefined ? {} : { channelData: { ...channelData } }),
      })),
      session: { key: resume.sessionKey, agentId: resume.agentId },
      runId,
      ...(silent === undefined ? {} : { silent }),
      durability: "required",
      deliveryIntentId,
      reusePendingDeliveryIntent: true,
      completionRetention: RECEIPT_RETENTION,
      onDeliveryIntent,
    }).then((result) => {
      if (result.status === "sent" || result.status === "suppressed") return result.status;
      if (result.status === "partial_failed" || queued || isQueuedAlready(result.error)) return "handed-over";
      throw result.error;
    });
    try {
      return await Promise.race([sending, waited.promise]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stopWaiting);
    }
  };
}

/**
 * `sendDurableMessageBatch` for a queue that names its messages by itself: not every such host tells whoever sends (2026.6.5), but
 * each writes the name into the context of the send before the message goes out.
 */
function sendBatch({ withDurableMessageSendContext }: Outbound): Outbound["sendDurableMessageBatch"] {
  return async ({ onDeliveryIntent, ...batch }) =>
    await withDurableMessageSendContext(batch, async (context) => {
      let { intent } = context;
      Object.defineProperty(context, "intent", {
        get: () => intent,
        set(written: Intent) {
          intent = written;
          onDeliveryIntent?.(written);
        },
      });
      const result = await context.send(await context.render());
      if (result.status === "sent" || result.status === "suppressed") await context.commit(result.receipt);
      else await context.fail(result.error);
      return result;
    });
}
