import path from "node:path";
import type { Frame, Page } from "playwright-core";
import { expect, it } from "vitest";
import { violations } from "../support/axe.ts";
import { TestBrowser } from "../support/browser.ts";
import { ControlUi, withControlUi } from "../support/control-ui.ts";
import { crashedChats, crashInto } from "../support/crashed-state.ts";
import { AWKWARD, HIT, payloads } from "../support/hostile-names.ts";
import { freePort } from "../support/loopback.ts";
import { needs } from "../support/needs.ts";
import { RestartedGateway, resumesHang } from "../support/restarted-gateway.ts";
import { skipWithout } from "../support/skip-without.ts";
import { copySession } from "../support/state-store.ts";
import { makeTempDir, removeTempDir } from "../support/temp.ts";
import { waitFor } from "../support/wait.ts";

const PAYLOADS = 200;
/** Telegram's names are short, and a title shows no more than 200 letters. */
const PER_NAME = 4;

it(
  `${PAYLOADS} payloads in names of Telegram users are text in the page, and the layout holds`,
  { ...needs("guarded-frames"), timeout: 300_000 },
  async (context) => {
    await using browser = await startBrowser(context);
    const all = payloads(PAYLOADS);
    const hostile = Array.from({ length: PAYLOADS / PER_NAME }, (_, nth) =>
      all.slice(nth * PER_NAME, (nth + 1) * PER_NAME).join(" "),
    );
    const names = [...hostile, ...AWKWARD];
    const folder = makeTempDir("strangers");
    try {
      const chats = { chats: names.length, agents: 1 } as const;
      const template = await crashInto(path.join(folder, "made"), { ...chats, names });
      await using restarted = await RestartedGateway.start({
        ...chats,
        template,
        behaviour: resumesHang,
        extra: withControlUi(await freePort()),
        settings: { resume: { timeoutMs: 600_000 } },
      });
      // From now on no session moves from one list to another.
      await restarted.waitForResumes(2);
      for (const width of [1440, 360]) {
        await using ui = await ControlUi.open(browser, restarted.gateway.url, { width, watched: HIT });
        const frame = await ui.frame();
        const seen = await walkThrough(frame);
        // Every one of them was drawn, and what must not be drawn as it is stands there in another form.
        const missing = all.filter((_, nth) => !seen.includes(`${HIT}(${nth})`));
        expect(missing).toEqual([]);
        expect(seen).toContain("right to left");
        expect(seen).toContain("\ufffd");
        expect(seen).toContain("WWWWWWWW");
        expect(seen.replaceAll(/\s/g, "")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
        // The watch works.
        await frame.evaluate(`${HIT}("control")`);
        await waitFor(() => ui.hits.length > 0, { what: "the watched call", timeoutMs: 5_000 });
        expect(ui.hits).toEqual(["control"]);
        expect(
          await frame.evaluate("document.querySelectorAll('script, img, iframe, svg svg, object, video').length"),
        ).toBe(1);
        expect(await overflow(frame), `${width} px`).toBeLessThanOrEqual(0);
        expect(await violations(frame), `${width} px`).toEqual([]);
      }
    } finally {
      removeTempDir(folder);
    }
  },
);

it(
  "5,000 rows are shown within 300 ms of work, and scroll in windows",
  { ...needs("guarded-frames"), tags: "long", timeout: 400_000 },
  async (context) => {
    await using browser = await startBrowser(context);
    await using restarted = await RestartedGateway.start({
      behaviour: resumesHang,
      extra: withControlUi(await freePort()),
      readyTimeoutMs: 180_000,
      prepare: (stateDir) => {
        const copies = Array.from({ length: 4_992 }, (_, nth) => `agent:main:telegram:direct:${50_000 + nth}`);
        copySession(stateDir, crashedChats({ chats: 1, agents: 1 })[0]!.sessionKey, copies);
      },
    });
    await using ui = await ControlUi.open(browser, restarted.gateway.url);
    await ui.frame();
    // By itself, in a tab of its own: what else the Control UI does there is not counted.
    const works: number[] = [];
    for (let load = 0; load < 3; load++) works.push(await workOfFirstRender(await ui.newTab()));
    console.log(`first render with 5,000 rows: ${works.map(Math.round).join(", ")} ms of main-thread work`);
    expect(works.toSorted((left, right) => left - right)[1]).toBeLessThan(300);

    const frame = await ui.frame();
    // The copies have no transcript.
    expect(await frame.locator('[data-figure="held"]').innerText()).toBe("4992");
    const list = frame.locator('[role="listbox"]').last();
    const { rows, frames } = await scrollThrough(list);
    console.log(`scrolled: at most ${rows} rows in the document, median frame ${frames.toFixed(1)} ms`);
    expect(rows).toBeLessThan(60);
    expect(frames).toBeLessThan(50);
  },
);

async function startBrowser(context: Parameters<typeof skipWithout>[0]): Promise<TestBrowser> {
  const browser = await TestBrowser.start();
  skipWithout(context, browser);
  return browser;
}

/** Selects every row of every list by the keyboard; returns what was to be read there. */
async function walkThrough(frame: Frame): Promise<string> {
  let seen = "";
  for (const list of await frame.locator('[role="listbox"]').all()) {
    await list.focus();
    const count = Number(await list.locator('[role="option"]').first().getAttribute("aria-setsize"));
    for (let row = 0; row < count; row++) {
      await list.press("ArrowDown");
      seen += await list.locator('[aria-selected="true"]').innerText();
    }
  }
  return seen;
}

/** By how many pixels the page is wider than its window. */
const overflow = (frame: Frame): Promise<number> =>
  frame.evaluate<number>("document.documentElement.scrollWidth - document.documentElement.clientWidth");

/** Milliseconds of the processor that the main thread had used when the lists were there: not what it waited for others. */
async function workOfFirstRender({ page, url }: { page: Page; url: string }): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  await page.goto(url);
  // Not those that run: they come with the small part.
  await page.locator('[role="option"][aria-setsize="4992"]').first().waitFor({ timeout: 60_000 });
  const { metrics } = await session.send("Performance.getMetrics");
  await page.close();
  return 1_000 * (metrics.find(({ name }) => name === "TaskDuration")?.value ?? Infinity);
}

/** In the browser; what of it is used here. */
type Box = { scrollTop: number; scrollHeight: number; querySelectorAll(selector: string): { length: number } };

async function scrollThrough(list: ReturnType<Frame["locator"]>): Promise<{ rows: number; frames: number }> {
  return await list.evaluate(async (box: Box) => {
    const { requestAnimationFrame } = globalThis as unknown as { requestAnimationFrame: (call: () => void) => void };
    const times: number[] = [];
    let rows = 0;
    for (let step = 0, lastMs = performance.now(); step < 120; step++) {
      box.scrollTop = (box.scrollHeight * step) / 120;
      await new Promise<void>((resolve) => requestAnimationFrame(resolve));
      const nowMs = performance.now();
      times.push(nowMs - lastMs);
      lastMs = nowMs;
      rows = Math.max(rows, box.querySelectorAll("[role=option]").length);
    }
    return { rows, frames: times.toSorted((left, right) => left - right)[60]! };
  });
}
