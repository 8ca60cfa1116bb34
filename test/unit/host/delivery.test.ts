import { afterEach, describe, expect, it, vi } from "vitest";
import type { Deliver } from "../../../src/host/delivery.ts";

const SDK = "../../../src/host/sdk.ts";
const OUTBOUND = "openclaw/plugin-sdk/channel-outbound";
const NAME = "resume-scheduler:run-1";

afterEach(() => {
  vi.doUnmock(SDK);
  vi.doUnmock(OUTBOUND);
  vi.resetModules();
});

type Batch = {
  payloads: unknown[];
  durability: string;
  deliveryIntentId: string;
  onDeliveryIntent?: (intent: object) => void;
};
type Send = (batch: Batch, queue: (id: string) => void, journal: string[]) => Promise<object>;

/** What a host with files does: it tells of an intent only in the context of a send. */
const inContext = (send: Send, journal: string[]) => async (batch: Batch, run: (context: object) => unknown) => {
  expect(batch).not.toHaveProperty("onDeliveryIntent");
  const context: { intent?: object } & Record<string, unknown> = {
    render: async () => ({ payloads: batch.payloads }),
    send: (rendered: object) => send({ ...batch, ...rendered }, (id) => (context.intent = { id }), journal),
    commit: async () => void journal.push("committed"),
    fail: async () => void journal.push("failed"),
  };
  return await run(context);
};

/** Delivers; resolves with what came of it, in order. */
async function deliver(
  host: "with files" | "with names",
  send: Send,
  over: Partial<Parameters<Deliver>[0]> = {},
): Promise<string[]> {
  const journal: string[] = [];
  vi.resetModules();
  vi.doMock(SDK, () => ({ keepsTranscriptFiles: host === "with files" }));
  vi.doMock(OUTBOUND, () => ({
    withDurableMessageSendContext: inContext(send, journal),
    sendDurableMessageBatch: (batch: Batch) => send(batch, (id) => batch.onDeliveryIntent?.({ id }), journal),
  }));
  const { createDelivery } = await import("../../../src/host/delivery.ts");
  const delivery = createDelivery(() => ({}))({
    resume: { agentId: "a", sessionKey: "agent:a:chat" },
    runId: "run-1",
    parts: [{ text: "hello" }],
    route: { channel: "telegram", to: "1" },
    signal: new AbortController().signal,
    onQueued: () => journal.push("remembered"),
    ...over,
  });
  journal.push(await delivery.catch((error: Error) => `rejected: ${error.message}`));
  return journal;
}

const goesOut =
  (id: string): Send =>
  async ({ payloads, durability }, queue, journal) => {
    queue(id);
    journal.push(`out: ${JSON.stringify(payloads)}, ${durability}`);
    return { status: "sent", receipt: {} };
  };

describe("a queue that names its messages by itself", () => {
  it("is told of before the message goes out: it would send it again", async () => {
    expect(await deliver("with files", goesOut("random"))).toEqual([
      "remembered",
      'out: [{"text":"hello"}], required',
      "committed",
      "sent",
    ]);
  });

  it("has what it has taken: the failed, and what its channel does not answer", async () => {
    const failed = await deliver("with files", async (_batch, queue) => {
      queue("random");
      return { status: "failed", error: new Error("chat not found") };
    });
    expect(failed).toEqual(["remembered", "failed", "handed-over"]);
    const send: Send = (_batch, queue) => {
      queue("random");
      return new Promise(() => undefined);
    };
    expect(await deliver("with files", send, { signal: AbortSignal.abort() })).toEqual(["remembered", "handed-over"]);
  });

  it("has not what it did not take, nor what the operator's rules kept back", async () => {
    const full: Send = async () => ({ status: "failed", error: new Error("disk full") });
    expect(await deliver("with files", full)).toEqual(["failed", "rejected: disk full"]);
    const kept: Send = async (_batch, queue) => {
      queue("random");
      return { status: "suppressed", receipt: {} };
    };
    expect(await deliver("with files", kept)).toEqual(["remembered", "committed", "suppressed"]);
  });

  it("sends all the same when it cannot be remembered", async () => {
    const onQueued = () => {
      throw new Error("disk full");
    };
    const journal = await deliver("with files", goesOut("random"), { onQueued });
    expect(journal.slice(1)).toEqual(["committed", "sent"]);
  });
});

describe("a queue that knows a message by the name it is given", () => {
  it("may get it again: nothing is remembered", async () => {
    const journal = await deliver("with names", (batch, ...rest) => goesOut(batch.deliveryIntentId)(batch, ...rest));
    expect(journal).toEqual(['out: [{"text":"hello"}], required', "sent"]);
  });

  it("is given the run's", async () => {
    const journal = await deliver("with names", async ({ deliveryIntentId }, _queue, seen) => {
      seen.push(deliveryIntentId);
      return { status: "sent", receipt: {} };
    });
    expect(journal).toEqual([NAME, "sent"]);
  });
});
