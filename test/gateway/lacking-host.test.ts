/** On a host that lacks what it needs the plugin says so in one line and leaves everything to the host. */
import path from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it, type TestContext } from "vitest";
import type { StatusView } from "../../src/operate/views.ts";
import { FakeBotApi } from "../support/fake-bot-api.ts";
import { Gateway, PROJECT_ROOT } from "../support/gateway.ts";
import { gatewayConfig } from "../support/gateway-config.ts";
import { hostAt } from "../support/hosts.ts";
import { RestartedGateway } from "../support/restarted-gateway.ts";
import { skipWithout } from "../support/skip-without.ts";
import { stagePlugin } from "../support/stage-plugin.ts";
import { StubModel } from "../support/stub-model.ts";
import { makeTempDir } from "../support/temp.ts";

const HOOK = pathToFileURL(path.join(PROJECT_ROOT, "test/support/hide-agent-events.mjs")).href;
/** Older than the manifest says the plugin may be loaded on. */
const TOO_OLD = "2026.5.7";

it(
  "without the events of runs: one line names what is missing, and the host recovers as it would without the plugin",
  { tags: "long" },
  async () => {
    await using restarted = await RestartedGateway.prepare({});
    await restarted.boot({ env: { NODE_OPTIONS: `--trace-warnings --import ${HOOK}` } });
    await restarted.waitForReplies(1, 90_000);
    const said = restarted.log().filter(({ level }) => level === "error" || level === "warn");
    expect(said.map(({ msg }) => msg)).toEqual([
      "nothing is resumed by this plugin: this host lacks onAgentEvent; it recovers as it would without the plugin",
    ]);
    expect(restarted.log().filter(({ msg }) => msg === "resume started" || msg === "judged")).toEqual([]);
    expect(await restarted.gateway.call<StatusView>("resumes.status", {})).toMatchObject({
      state: "failed",
      queue: [],
      running: [],
      held: [],
    });
  },
);

it(
  `${TOO_OLD}: the host says in one line that it is too old, and serves its users`,
  { tags: "long", timeout: 400_000 },
  async (context: TestContext) => {
    const host = await hostAt(TOO_OLD);
    skipWithout(context, host);
    const botApi = await FakeBotApi.start();
    const model = await StubModel.start();
    const stateDir = makeTempDir("too-old");
    try {
      const config = gatewayConfig({ botApi, model, host, plugins: [stagePlugin()] });
      await using gateway = await Gateway.start({ stateDir, config, openclawMjs: host.openclawMjs, timeoutMs: 90_000 });
      const afterMs = botApi.userSays({ chatId: 101, text: "Hello [chat 101]" });
      await botApi.waitForReply(101, { afterMs, matching: /^Answer/, timeoutMs: 60_000 });
      const lines = gateway.log.split("\n").filter((line) => /\[plugins\].*resume-scheduler/.test(line));
      expect(lines).toEqual([
        expect.stringMatching(/plugin requires OpenClaw >=2026\.6\.5, but this host is 2026\.5\.7/),
      ]);
      expect(gateway.log).not.toMatch(/ERR_|Cannot find (module|package)/);
    } finally {
      await Promise.all([botApi.close(), model.close()]);
    }
  },
);
