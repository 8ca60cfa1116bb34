/** A page as a picture, by a headless Chromium. */
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { type NoProgram, packagedProgram, type Program } from "../debian-packages.ts";
import { runToEnd } from "../processes.ts";
import { makeTempDir, removeTempDir } from "../temp.ts";

/** That of this machine, or of the Debian package. */
export function chromium(): Promise<Program | NoProgram> {
  return packagedProgram({
    packages: ["chromium-headless-shell", "fonts-inter"],
    withDependencies: true,
    commands: ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"],
    file: "usr/lib/chromium/chromium-headless-shell",
  });
}

/** Draws an HTML file; the picture's size is that of the window. */
export async function screenshot(
  program: Program,
  htmlFile: string,
  pngFile: string,
  size: { width: number; height: number },
): Promise<void> {
  const dir = makeTempDir("chromium");
  const args = [
    "--headless",
    // It would need privileges that a container does not give; the page is our own and runs nothing.
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
    `--window-size=${size.width},${size.height}`,
    `--user-data-dir=${path.join(dir, "profile")}`,
    `--screenshot=${path.resolve(pngFile)}`,
    pathToFileURL(htmlFile).href,
  ];
  try {
    const env = { ...process.env, ...program.env, HOME: dir, ...fonts(program, dir) };
    const { code, stderr } = await runToEnd(program.file, args, { timeoutMs: 60_000, env });
    if (code !== 0 || !fs.existsSync(pngFile)) throw new Error(`Chromium made no picture (${code}):\n${stderr}`);
  } finally {
    removeTempDir(dir);
  }
}

// An unpacked font is found only by name of its folder.
/** What the program needs to find its fonts; `dir` is kept for as long as it runs. */
export function fonts({ unpackedIn }: Program, dir: string): Record<string, string> {
  if (unpackedIn === undefined) return {};
  const folders = [path.join(unpackedIn, "usr/share/fonts"), "/usr/share/fonts"];
  const file = path.join(dir, "fonts.conf");
  const content = `${folders.map((folder) => `<dir>${folder}</dir>`).join("")}<cachedir>${path.join(dir, "fonts")}</cachedir>`;
  fs.writeFileSync(
    file,
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd"><fontconfig>${content}</fontconfig>`,
  );
  return { FONTCONFIG_FILE: file };
}
