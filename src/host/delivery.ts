import type { QueuedResume } from "../domain/queued-resume.ts";
import type { DeliveryRoute } from "../domain/session.ts";
import type { OpenClawConfig } from "openclaw/plugin-sdk/plugin-entry";

/** Hands a reply to the host's durable outbound queue. Rejects when the queue did not take it. */
export type Deliver = (reply: {
  readonly resume: QueuedResume;
  /** Makes the delivery idempotent: the same id goes out once, also across crashes. */
  readonly runId: string;
  readonly texts: readonly string[];
  readonly route: DeliveryRoute;
}) => Promise<void>;

const INTENT_PREFIX = "resume-scheduler:";
/** How long the host remembers a delivered reply, so that a repeat after a crash is known as one. */
const RECEIPT_RETENTION = { idPrefix: INTENT_PREFIX, maxAgeMs: 7 * 24 * 3_600_000, maxEntries: 10_000 } as const;

export function createDelivery(config: () => OpenClawConfig): Deliver {
  return async ({ resume, runId, texts, route }) => {
    // Loaded at the first delivery: it brings the host's channel runtime with it.
    const { sendDurableMessageBatch } = await import("openclaw/plugin-sdk/channel-outbound");
    const result = await sendDurableMessageBatch({
      cfg: config(),
      ...route,
      payloads: texts.map((text) => ({ text })),
      session: { key: resume.sessionKey, agentId: resume.agentId },
      runId,
      durability: "required",
      deliveryIntentId: `${INTENT_PREFIX}${runId}`,
      reusePendingDeliveryIntent: true,
      completionRetention: RECEIPT_RETENTION,
    });
    if (result.status === "failed") throw result.error;
  };
}
