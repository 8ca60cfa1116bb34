/** A real Chromium for the tests: this machine's, or the Debian package, driven by Playwright. */
import fs from "node:fs";
import path from "node:path";
import { type Browser, chromium as playwright } from "playwright-core";
import { chromium, fonts } from "./dashboard/screenshot.ts";
import type { NoProgram } from "./debian-packages.ts";
import { makeTempDir, removeTempDir } from "./temp.ts";

export class TestBrowser implements AsyncDisposable {
  readonly browser: Browser;
  readonly #dir: string;

  private constructor(browser: Browser, dir: string) {
    this.browser = browser;
    this.#dir = dir;
  }

  /** Starts one, or says why there is none. */
  static async start(): Promise<TestBrowser | NoProgram> {
    const program = await chromium();
    if ("why" in program) return program;
    const dir = makeTempDir("browser");
    const env = { ...process.env, ...program.env, HOME: dir, ...fonts(program, dir) } as Record<string, string>;
    // Without a sandbox of its own: that would need privileges that a container does not give.
    const browser = await playwright.launch({ executablePath: onPath(program.file), args: ["--no-sandbox"], env });
    return new TestBrowser(browser, dir);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    removeTempDir(this.#dir);
  }
}

/** Playwright wants the whole path of a command. */
function onPath(command: string): string {
  if (path.isAbsolute(command)) return command;
  const places = (process.env["PATH"] ?? "").split(path.delimiter).map((dir) => path.join(dir, command));
  return places.find((file) => fs.existsSync(file)) ?? command;
}
