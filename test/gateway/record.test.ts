import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { ShowView, StatusView } from "../../src/operate/views.ts";
import { answer, RestartedGateway, resumesHang } from "../support/restarted-gateway.ts";
import { editRecord, recordPath } from "../support/state-store.ts";
import { waitFor } from "../support/wait.ts";

/** One row is spoiled by each: another value of the same type, as a broken disk or a curious hand leaves it. */
const SPOILERS: readonly (readonly [column: string, value: string | number | bigint | null])[] = [
  ["agent_id", "nobody"],
  ["session_id", "0000"],
  ["phase", "teleporting"],
  ["outcome", "vanished"],
  ["reason", "__proto__"],
  ["attempts", -7],
  ["cut_offs", 2n ** 62n],
  ["preemptions", 2n ** 40n],
  ["boot_id", "\u0000"],
  ["claimed_at_ms", -(2n ** 63n)],
  ["host_status", "{"],
  ["run_id", "../../x"],
  ["run_started_at_ms", 9e15],
  ["reply", '{"parts":[{"text":"not said by anyone"}],"route":{"channel":"telegram","to":"1"}}'],
  ["requested_at_ms", 1],
  ["notified_at_ms", 1],
  ["plugin_version", "99.0.0"],
  ["session_started_at_ms", 1],
  ["held_because", "nothing"],
  ["checksum", ""],
];
const verdictsOf = (restarted: RestartedGateway) =>
  new Map(
    restarted
      .log()
      .filter(({ msg }) => msg === "judged")
      .map(({ sessionKey, verdict, reason }) => [sessionKey, `${String(verdict)} ${String(reason)}`]),
  );

it(
  "starts on a record that is corrupt in every field, and on none: held and explained, then answered once",
  { tags: "long" },
  async () => {
    await using restarted = await RestartedGateway.start({
      chats: 45,
      agents: 3,
      behaviour: resumesHang,
      settings: { lane: { quietMs: 300 }, budget: { maxConcurrent: 4 } },
    });
    await restarted.waitForResumes(2);
    await restarted.stop("SIGKILL");
    // Without its key a record is nobody's.
    const lostKeys = restarted.chats.slice(0, 1);
    const damaged = restarted.chats.slice(1, 1 + SPOILERS.length);
    const healthy = restarted.chats.slice(1 + SPOILERS.length);
    for (const [index, [column, value]] of SPOILERS.entries()) {
      const sql = `UPDATE resumes SET ${column} = ? WHERE session_key = ?`;
      editRecord(restarted.stateDir, sql, value, damaged[index]!.sessionKey);
    }
    const sql = "UPDATE resumes SET session_key = 'nobody' WHERE session_key = ?";
    editRecord(restarted.stateDir, sql, lostKeys[0]!.sessionKey);

    restarted.model.behaviour = answer;
    await restarted.boot();
    const verdicts = verdictsOf(restarted);
    for (const { sessionKey } of damaged) expect(verdicts.get(sessionKey), sessionKey).toBe("hold record-damaged");
    for (const { sessionKey } of lostKeys) expect(verdicts.get(sessionKey)).toBe("admit record-lost");
    for (const { sessionKey } of healthy)
      expect(verdicts.get(sessionKey)).toMatch(/^admit (claimed-earlier|interrupted)$/);
    const repliesOf = (chats: typeof damaged) => chats.map((chat) => restarted.repliesTo(chat));
    const once = (chats: typeof damaged) => chats.map(({ chatId }) => [`Resumed [chat ${chatId}]`]);
    const waitForReplies = (chats: typeof damaged) =>
      waitFor(() => repliesOf(chats).every(({ length }) => length > 0), {
        timeoutMs: 150_000,
        what: "the answers",
        lastState: () => `${restarted.describeReplies()}\n${restarted.gateway.logTail()}`,
      });
    await waitForReplies([...lostKeys, ...healthy]);
    const { held } = await restarted.gateway.call<StatusView>("resumes.status", {});
    expect(held.map(({ sessionKey }) => sessionKey).toSorted()).toEqual(
      damaged.map(({ sessionKey }) => sessionKey).toSorted(),
    );
    const shown = await restarted.gateway.call<ShowView>("resumes.show", { key: damaged[2]!.sessionKey });
    expect(shown.boot).toMatchObject({ reason: "record-damaged", found: 'phase: "teleporting"' });
    expect(repliesOf(damaged)).toEqual(damaged.map(() => []));

    // The whole file is gone: what was held is found by its entry.
    await restarted.stop("SIGTERM");
    writeFileSync(recordPath(restarted.stateDir), "no database".repeat(1_000));
    await restarted.boot();
    expect(restarted.gateway.log).toContain("record.sqlite.unusable");
    await waitForReplies(damaged);
    expect(repliesOf(restarted.chats)).toEqual(once(restarted.chats));
  },
);
