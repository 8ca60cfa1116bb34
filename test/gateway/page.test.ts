import type { Frame } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { violations } from "../support/axe.ts";
import { TestBrowser } from "../support/browser.ts";
import { ControlUi, withControlUi } from "../support/control-ui.ts";
import type { NoProgram } from "../support/debian-packages.ts";
import { editSettings } from "../support/edit-settings.ts";
import { GATEWAY_TOKEN } from "../support/gateway-config.ts";
import { GatewayClient } from "../support/gateway-client.ts";
import { testedHost } from "../support/hosts.ts";
import { freePort } from "../support/loopback.ts";
import { needs } from "../support/needs.ts";
import { figuresOfPage, sample } from "../support/page-figures.ts";
import { takePicture } from "../support/pictures.ts";
import { answer, RestartedGateway, resumesHang } from "../support/restarted-gateway.ts";
import { skipWithout } from "../support/skip-without.ts";
import { waitFor } from "../support/wait.ts";

const HOUR_MS = 3_600_000;
const SAMPLES = 20;
const HELD = "agent:main:telegram:direct:108";

describe("the page in the Control UI, during the incident", needs("guarded-frames"), () => {
  let browser: TestBrowser | NoProgram;
  let restarted: RestartedGateway;
  let ui: ControlUi | undefined;
  let frame: Frame;

  beforeAll(async () => {
    browser = await TestBrowser.start();
    if ("why" in browser) return;
    restarted = await RestartedGateway.start({
      behaviour: resumesHang,
      // The page is of this address, also after a restart.
      extra: withControlUi(await freePort()),
      // Two are held, six are resumed and hang.
      ages: { 107: 3 * HOUR_MS, 108: 5 * HOUR_MS },
      settings: { lane: { quietMs: 300 }, resume: { timeoutMs: 20_000, retryDelayMs: 3_000 } },
    });
    ui = await ControlUi.open(browser, restarted.gateway.url);
    frame = await ui.frame();
  });
  afterAll(async () => {
    await ui?.[Symbol.asyncDispose]();
    await restarted?.[Symbol.asyncDispose]();
    if (browser !== undefined && !("why" in browser)) await browser[Symbol.asyncDispose]();
  });

  const headline = () => frame.locator("h1").innerText();

  it("is a tab for whoever may read, and for nobody else", async (context) => {
    skipWithout(context, browser);
    const tabs = async (scopes: string[]) => {
      const client = await GatewayClient.connect({ url: restarted.gateway.url, token: GATEWAY_TOKEN, scopes });
      client.close();
      const all = (client.hello["controlUiTabs"] ?? []) as { pluginId: string; label: string }[];
      return all.filter(({ pluginId }) => pluginId === "resume-scheduler").map(({ label }) => label);
    };
    expect(await tabs(["operator.read"])).toEqual(["Resumes"]);
    expect(await tabs(["operator.pairing"])).toEqual([]);
  });

  it(`shows what the status and the metrics say at the same moment, ${SAMPLES} times while users come and go`, async (context) => {
    skipWithout(context, browser);
    const users = [900, 106, 901, 105];
    for (let nth = 0; nth < SAMPLES; nth++) {
      if (nth % 5 === 1)
        restarted.botApi.userSays({ chatId: users[(nth - 1) / 5]!, text: "Hello? (after the restart)" });
      const { page, status, metrics } = await sample(restarted, frame);
      expect(page, `sample ${nth}`).toEqual(status);
      expect(metrics, `sample ${nth}`).toEqual(status);
    }
  });

  it("tells why each session is held, and the command", async (context) => {
    skipWithout(context, browser);
    const details = frame.locator(".details");
    expect(await details.count()).toBe(0);
    await frame.getByText(HELD).first().click();
    const said = await details.innerText();
    expect(said).toContain("filter.idleHours");
    expect(said).toMatch(/Found\s+5h/);
    expect(said).toMatch(/Threshold\s+1h/);
    expect(await details.locator('[data-command="resume"]').innerText()).toBe(`openclaw resumes resume ${HELD}`);
    const isOffered = testedHost().features.has("opened-sessions");
    expect(await frame.getByRole("button", { name: "Open the session" }).count()).toBe(isOffered ? 1 : 0);
  });

  it("opens the session in the Control UI", needs("opened-sessions"), async (context) => {
    skipWithout(context, browser);
    await frame.getByRole("button", { name: "Open the session" }).click();
    await expect.poll(() => ui!.page.url(), { timeout: 15_000 }).toContain("direct");
    await ui!.page.goBack();
    frame = await ui!.frame();
  });

  it.for(["light", "dark"] as const)("has no fault that axe finds, %s, wide and narrow", async (theme, context) => {
    skipWithout(context, browser);
    for (const width of [1440, 360]) {
      await using other = await ControlUi.open(browser, restarted.gateway.url, { dark: theme === "dark", width });
      const shown = await other.frame();
      expect(await violations(shown), `${width} px`).toEqual([]);
      await takePicture(other.page, `page-${theme}-${width}`);
    }
  });

  it("follows the lane by its stream, unasked", async (context) => {
    skipWithout(context, browser);
    await expect.poll(() => ui!.connection(), { timeout: 15_000 }).toBe("live");
    const before = (await figuresOfPage(frame)).figures["held"]!;
    await restarted.gateway.call("resumes.hold", { key: restarted.chat(101).sessionKey });
    // It would ask by itself after ten seconds.
    await expect.poll(async () => (await figuresOfPage(frame)).figures["held"], { timeout: 4_000 }).toBe(before + 1);
  });

  it("says that nobody goes on with what was claimed while the mode is another one", async (context) => {
    skipWithout(context, browser);
    editSettings(restarted.stateDir, { mode: "observe" });
    await expect.poll(headline, { timeout: 20_000 }).toMatch(/^The plugin only observes: \d claimed sessions? waits?$/);
    expect(await frame.locator(".headline").innerText()).toContain("Neither the plugin nor the host goes on");
    editSettings(restarted.stateDir, { mode: "active" });
    await expect.poll(headline, { timeout: 20_000 }).toMatch(/still waits? for an interrupted answer/);
  });

  it("recovers by itself when the gateway restarts under it", async (context) => {
    skipWithout(context, browser);
    await expect.poll(() => ui!.connection(), { timeout: 15_000 }).toBe("live");
    // The Control UI takes its tabs away while it has no gateway: what the page says then is seen where it is by itself.
    const { page: tab, url } = await ui!.newTab();
    await tab.goto(url);
    await tab.locator('[data-connection="live"]').waitFor({ timeout: 15_000 });
    await restarted.gateway.stop("SIGKILL");
    await tab.getByText("The gateway is gone: it does not answer").waitFor({ timeout: 15_000 });
    expect(await tab.locator(".banners").innerText()).toMatch(/What you see is from .*, \d+s ago/);
    await tab.close();
    await waitFor(async () => (await ui!.connection()) !== "live", { what: "the page to notice", timeoutMs: 15_000 });
    restarted.model.behaviour = answer;
    restarted.model.release(answer);
    await restarted.boot();
    frame = await ui!.frame();
    const { page, status } = await sample(restarted, frame);
    expect(page).toEqual(status);
    expect((await figuresOfPage(frame)).atMs).toBeGreaterThan(restarted.gateway.startedAtMs);
    // What held it was found before.
    await frame.getByText(HELD).first().click();
    expect(await frame.locator(".details").innerText()).toMatch(/Found\s+5h[^]*Threshold\s+1h/);
  });

  it("does not keep the gateway from stopping, with its stream open", async (context) => {
    skipWithout(context, browser);
    await expect.poll(() => ui!.connection(), { timeout: 15_000 }).toBe("live");
    const { exitMs } = await restarted.gateway.stop("SIGTERM");
    expect(exitMs).toBeLessThan(5_000);
    expect(ui!.complaints.filter((text) => /Content Security Policy|CORS/.test(text))).toEqual([]);
  });
});
