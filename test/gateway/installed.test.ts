import { expect, it } from "vitest";
import { installPlugin } from "../support/installed-plugin.ts";
import { RestartedGateway } from "../support/restarted-gateway.ts";

it("the packed plugin, installed with `openclaw plugins install`, resumes every interrupted chat once", async () => {
  await using restarted = await RestartedGateway.start({
    prepare: installPlugin,
    plugins: null,
    extra: { plugins: { entries: { "resume-scheduler": { enabled: true } } } },
  });
  await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 8, 60_000);
  const replies = restarted.chats.map((chat) => restarted.repliesTo(chat));
  expect(replies).toEqual(restarted.chats.map(({ chatId }) => [`Resumed [chat ${chatId}]`]));
});
