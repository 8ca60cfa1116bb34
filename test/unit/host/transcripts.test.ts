import { beforeEach, describe, expect, it, vi } from "vitest";
import { createTranscripts } from "../../../src/host/transcripts.ts";
import { row } from "../support/makers.ts";

const host = vi.hoisted(() => ({
  asked: [] as object[],
  events: (): unknown[] => [],
  /** What its cold storage has been asked for. */
  restored: [] as object[],
  stats: (): { sizeBytes: number; lastMutationAtMs?: number } => ({ sizeBytes: 100 }),
}));

vi.mock("openclaw/plugin-sdk/session-store-runtime", () => ({
  getConversationSession: () => undefined,
  loadTranscriptEventsSync: (scope: object) => {
    host.asked.push(scope);
    return host.events();
  },
  readTranscriptStatsSync: () => host.stats(),
  readRecentUserAssistantTextForSession: async (asked: object) => {
    host.restored.push(asked);
    host.events = () => [MESSAGE];
    return [];
  },
}));

const MESSAGE = { type: "message", timestamp: 7, message: { role: "user", content: "hi" } };
const KIB = 1024;
const noFile = () => {
  throw new Error("this host keeps no files");
};
const transcripts = createTranscripts((agentId) => `/store/${agentId}`, noFile);

function failing(error: unknown): () => never {
  return () => {
    throw error;
  };
}

beforeEach(() => {
  host.asked = [];
  host.restored = [];
  host.events = () => [MESSAGE];
  host.stats = () => ({ sizeBytes: 100 });
});

it("is read from the agent's store, under its session id", () => {
  transcripts.whole(row({ agentId: "ops", sessionKey: "k", sessionId: "s" }));
  expect(host.asked).toEqual([{ agentId: "ops", sessionKey: "k", sessionId: "s", storePath: "/store/ops" }]);
});

it("is read at boot up to 64 KiB", () => {
  host.stats = () => ({ sizeBytes: 64 * KIB, lastMutationAtMs: 9 });
  expect(transcripts.atBoot(row())).toMatchObject({
    state: "ok",
    wasRead: true,
    sizeBytes: 64 * KIB,
    newestEventAtMs: 7,
    lastUserMessageAtMs: 7,
  });
});

it("is not read at boot beyond 64 KiB: the host's statistics tell its age", () => {
  host.stats = () => ({ sizeBytes: 64 * KIB + 1, lastMutationAtMs: 9 });
  expect(transcripts.atBoot(row())).toMatchObject({
    state: "ok",
    wasRead: false,
    sizeBytes: 64 * KIB + 1,
    newestEventAtMs: 9,
    lastUserMessageAtMs: undefined,
  });
  expect(host.asked).toEqual([]);
});

it("is read whole, however long it is, when it is asked for whole", () => {
  host.stats = () => ({ sizeBytes: 5_000_000, lastMutationAtMs: 9 });
  expect(transcripts.whole(row())).toMatchObject({ wasRead: true, sizeBytes: 5_000_000, newestEventAtMs: 7 });
});

it("is read at boot when the host has no statistics", () => {
  host.stats = failing(new Error("no such function"));
  expect(transcripts.atBoot(row())).toMatchObject({ state: "ok", wasRead: true, sizeBytes: undefined });
});

it("is missing without an event, and empty without a message", () => {
  host.events = () => [];
  expect(transcripts.atBoot(row()).state).toBe("missing");
  host.events = () => [{ type: "session" }];
  expect(transcripts.atBoot(row()).state).toBe("empty");
});

it.each(["Unterminated string in JSON at position 80", "Unexpected end of JSON input"])(
  "is truncated when reading ends with: %s",
  (text) => {
    host.events = failing(new SyntaxError(text));
    expect(transcripts.whole(row())).toMatchObject({ state: "truncated", wasRead: false });
  },
);

it("is truncated by what the JSON parser says of an event that ends in the middle of a text", () => {
  host.events = () => [JSON.parse('{"type":"message","message":{"role":"us')];
  expect(transcripts.whole(row()).state).toBe("truncated");
});

// V8 says "Expected ',' or '}' after property value in JSON at position 16" and the like where no text is cut.
it("is truncated wherever in the event it ends", () => {
  const whole = JSON.stringify(MESSAGE);
  for (let length = 1; length < whole.length; length += 1) {
    host.events = () => [JSON.parse(whole.slice(0, length))];
    expect([length, transcripts.whole(row()).state]).toEqual([length, "truncated"]);
  }
});

it.each([
  new SyntaxError("Unexpected token 'x', \"x\" is not valid JSON"),
  new Error("Unexpected end of file"),
  new Error("database disk image is malformed"),
  "not even an error",
])("is unreadable when reading ends with: %s", (error) => {
  host.events = failing(error);
  expect(transcripts.atBoot(row())).toMatchObject({ state: "unreadable", wasRead: false });
});

describe("a transcript in cold storage", () => {
  const cold = () => (host.events = failing(Object.assign(new Error("cold"), { code: "TRANSCRIPT_COLD" })));

  it("is restored before it is read for a resume, and not read for anything else", async () => {
    cold();
    expect(transcripts.whole(row())).toMatchObject({ state: "unreadable", wasRead: false });
    expect(await transcripts.restored(row())).toMatchObject({ state: "ok", wasRead: true, userMessages: 1 });
    expect(host.restored).toEqual([{ agentId: "a", sessionKey: "agent:a:chat", storePath: "/store/a", limit: 1 }]);
  });

  it("is judged at boot by what its entry tells", () => {
    cold();
    expect(transcripts.atBoot(row())).toMatchObject({ state: "ok", wasRead: false });
    host.events = failing(new Error("broken"));
    expect(transcripts.atBoot(row())).toMatchObject({ state: "unreadable" });
  });

  it("is none that is there, or broken", async () => {
    expect(await transcripts.restored(row())).toMatchObject({ state: "ok" });
    host.events = failing(new Error("broken"));
    expect(await transcripts.restored(row())).toMatchObject({ state: "unreadable" });
    expect(host.restored).toEqual([]);
  });
});
