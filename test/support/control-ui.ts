/** The Control UI of a test gateway in a real browser, and our page in it. */
import type { BrowserContext, Frame, Page } from "playwright-core";
import type { TestBrowser } from "./browser.ts";
import { GATEWAY_TOKEN } from "./gateway-config.ts";
import { testedHost } from "./hosts.ts";
import { waitFor } from "./wait.ts";

/** For `extra` of a test gateway: by default it has no Control UI, and another port after each restart. */
export function withControlUi(port: number) {
  const quiet = testedHost().features.has("community-invite") ? { communityInvite: false } : {};
  return { gateway: { port, controlUi: { enabled: true, ...quiet } } };
}

const CONNECTION = `document.querySelector("[data-connection]")?.dataset.connection`;
const PAGE = "/plugins/resume-scheduler/page/";

export type Look = {
  width?: number;
  height?: number;
  dark?: boolean;
  /** The name of a function that nobody must call. */
  watched?: string;
};

export class ControlUi implements AsyncDisposable {
  readonly page: Page;
  /** What the browser complained of in our frame or because of it. */
  readonly complaints: string[] = [];
  readonly #context: BrowserContext;
  readonly #gatewayUrl: string;

  readonly #hits: readonly unknown[];

  private constructor(context: BrowserContext, page: Page, gatewayUrl: string, hits: readonly unknown[]) {
    this.#hits = hits;
    this.#context = context;
    this.#gatewayUrl = gatewayUrl;
    this.page = page;
    page.on("console", (message) => {
      const { url } = message.location();
      if (message.type() === "error" && (url.includes(PAGE) || message.text().includes(PAGE)))
        this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
  }

  /** Opens the tab "Resumes" in a browser that the gateway has never seen. */
  static async open({ browser }: TestBrowser, gatewayUrl: string, look: Look = {}): Promise<ControlUi> {
    const { width = 1440, height = 1000, dark = false } = look;
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: dark ? "dark" : "light",
      reducedMotion: "reduce",
    });
    const hits: unknown[] = [];
    if (look.watched !== undefined) await context.exposeFunction(look.watched, (hit: unknown) => void hits.push(hit));
    const page = await context.newPage();
    const ui = new ControlUi(context, page, gatewayUrl, hits);
    await page.goto(`${gatewayUrl}/plugin?plugin=resume-scheduler&id=resumes#token=${GATEWAY_TOKEN}`);
    return ui;
  }

  /** The frame with our page, once it shows data. */
  async frame(timeoutMs = 60_000): Promise<Frame> {
    return await waitFor(
      async () => {
        const [frame, connection] = [this.#found(), await this.connection()];
        return connection === "live" || connection === "polling" ? frame : undefined;
      },
      { what: "the page in the Control UI", timeoutMs, lastState: () => this.complaints.join("\n") },
    );
  }

  /** What the page says of its connection; `undefined` while there is no page. */
  async connection(): Promise<string | undefined> {
    return await this.#found()
      ?.evaluate<string | undefined>(CONNECTION)
      .catch(() => undefined);
  }

  /** What the watched function was called with, in any frame. */
  get hits(): readonly unknown[] {
    return this.#hits;
  }

  /** Our page by itself, as whoever opens the frame in a tab of its own sees it; not loaded yet. */
  async newTab(): Promise<{ page: Page; url: string }> {
    return { page: await this.#context.newPage(), url: `${this.#gatewayUrl}${PAGE}` };
  }

  #found(): Frame | undefined {
    return this.page.frames().find((one) => one.url().startsWith(`${this.#gatewayUrl}${PAGE}`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
  }
}
