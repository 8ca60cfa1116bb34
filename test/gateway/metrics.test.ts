import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seriesCount } from "../../scripts/generate/metrics-page.ts";
import { stageEntryWriter } from "../support/entry-writer.ts";
import { needs } from "../support/needs.ts";
import { RestartedGateway, resumesHang, USER_MARK } from "../support/restarted-gateway.ts";
import { recordPath } from "../support/state-store.ts";
import { hangForever } from "../support/stub-model.ts";

/** What nobody may ever see in a scrape or in our log: keys, names, errors and messages that carry it are everywhere below. */
const SECRET = "hostile0secret";
const HOSTILE = [
  `${SECRET}"} 1\\nopenclaw_resume_held 999`,
  `${SECRET}\\\\"`,
  `${SECRET}\u{2028}{x="y"}`,
  `${SECRET}${"x".repeat(300)}`,
];

describe("a gateway behind a proxy that knows its users, on which everything is stuck and names are hostile", () => {
  let restarted: RestartedGateway;

  beforeAll(async () => {
    const writer = stageEntryWriter(
      HOSTILE.flatMap((text, index) => [
        {
          sessionKey: `agent:main:telegram:direct:${text}`,
          create: true,
          fields: `{ sessionId: crypto.randomUUID(), updatedAt: Date.now(), sessionStartedAt: Date.now() - 60_000,
            lastInteractionAt: Date.now() - 60_000, status: "running", abortedLastRun: true,
            displayName: ${JSON.stringify(text)}, label: ${JSON.stringify(text)} }`,
        },
        {
          sessionKey: `agent:main:telegram:direct:${101 + index}`,
          fields: `{ displayName: ${JSON.stringify(text)}, lastRunError: ${JSON.stringify(`429 ${text}`)} }`,
        },
      ]),
    );
    restarted = await RestartedGateway.start({
      beside: [writer],
      behaviour: (request) =>
        request.chat === 900
          ? hangForever(request)
          : request.chat === 108
            ? { kind: "error", status: 400, body: { error: { message: HOSTILE[0], code: SECRET, type: SECRET } } }
            : resumesHang(request),
      extra: {
        gateway: {
          auth: {
            mode: "trusted-proxy",
            token: undefined,
            trustedProxy: { userHeader: "x-user", allowLoopback: true },
          },
          trustedProxies: ["127.0.0.1"],
        },
      },
    });
    await restarted.waitForResumes(2);
  });
  afterAll(() => restarted?.[Symbol.asyncDispose]());

  const scrape = (scopes?: string) =>
    fetch(`${restarted.gateway.url}/plugins/resume-scheduler/metrics`, {
      headers: {
        "x-user": "prometheus",
        "x-forwarded-for": "10.0.0.9",
        ...(scopes === undefined ? {} : { "x-openclaw-scopes": scopes }),
      },
    });

  it.each([["operator.read", 200]])("a token with the scopes %j gets %i", needs("kept-method-scopes"), mayScrape);
  it.each([
    ["operator.admin", 200],
    ["operator.approvals", 403],
    ["", 403],
  ])("a token with the scopes %j gets %i", mayScrape);

  async function mayScrape(scopes: string, status: number): Promise<void> {
    const response = await scrape(scopes);
    expect([response.status, response.headers.get("cache-control")]).toEqual([status, "no-store"]);
    expect((await response.text()).includes("openclaw_resume_held")).toBe(status === 200);
  }

  it("a scrape is answered while a user's turn hangs, resumes wait behind it and the record is locked", async () => {
    restarted.botApi.userSays({ chatId: 900, text: `Are you there? ${USER_MARK} [chat 900]` });
    await restarted.model.waitForRequests(1, 20_000, ({ chat }) => chat === 900);
    const lock = new DatabaseSync(recordPath(restarted.stateDir));
    try {
      lock.exec("BEGIN EXCLUSIVE");
      const times: number[] = [];
      for (let round = 0; round < 20; round += 1) {
        const startedAtMs = performance.now();
        const response = await scrape();
        expect(response.status).toBe(200);
        await response.text();
        times.push(performance.now() - startedAtMs);
      }
      // A lock that a scrape waited for would take it two seconds.
      expect(Math.max(...times)).toBeLessThan(1_000);
    } finally {
      lock.exec("ROLLBACK");
      lock.close();
    }
  });

  it("has the series of the catalogue and no other, and nothing hostile in them", async () => {
    const text = await (await scrape()).text();
    const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect(lines).toHaveLength(seriesCount());
    expect(text).not.toContain(SECRET);
    expect(text).not.toMatch(/agent:|telegram|direct/);
  });

  it("logs every step of theirs, with a reference in place of a name", () => {
    const steps = restarted.gateway.log.split("\n").filter((line) => line.includes("[plugins] {"));
    expect(steps.length).toBeGreaterThan(HOSTILE.length);
    expect(steps.filter((line) => /hostile0secret|agent:main|Please summarise/.test(line))).toEqual([]);
    const judged = restarted.log().filter(({ step }) => step === "judged");
    expect(judged.filter(({ sessionKey }) => String(sessionKey).includes(SECRET))).toHaveLength(HOSTILE.length);
  });
});
