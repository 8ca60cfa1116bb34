import { expect, it } from "vitest";
import { RestartedGateway, resumesHang } from "../support/restarted-gateway.ts";

it("neither a heartbeat nor a cron job preempts a resume", async () => {
  await using restarted = await RestartedGateway.start({
    behaviour: resumesHang,
    extra: { agents: { defaults: { heartbeat: { every: "30m", target: "none" } } } },
  });
  const resuming = (await restarted.waitForResumes(2)).map(({ id }) => id);

  await restarted.gateway.call("wake", { mode: "now", text: "Check the oven" });
  const said = (text: RegExp) => (one: { messages: unknown }) => text.test(JSON.stringify(one.messages));
  // Not every host (2026.6.5) says in the heartbeat's own request what it was woken for.
  await restarted.model.waitForRequests(1, 30_000, said(/Check the oven|OpenClaw heartbeat poll/));

  const job = await restarted.gateway.call<{ id: string }>("cron.add", {
    name: "water",
    enabled: true,
    schedule: { kind: "every", everyMs: 3_600_000 },
    sessionTarget: "isolated",
    wakeMode: "now",
    payload: { kind: "agentTurn", message: "Water the plants" },
  });
  await restarted.gateway.call("cron.run", { id: job.id, mode: "force" });
  await restarted.model.waitForRequests(1, 30_000, said(/Water the plants/));

  expect(restarted.model.runningRequests.map(({ id }) => id)).toEqual(resuming);
  const metrics = await restarted.metrics();
  expect(metrics.get('openclaw_resume_preemptions_total{cause="other-user"}')).toBe(0);
  expect(metrics.get('openclaw_resume_running{lane="main"}')).toBe(0);
});
