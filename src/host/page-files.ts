import { readFile } from "node:fs/promises";

/** The files of the page: a closed list, beside the plugin's own code. */
const FILES = {
  "page.js": "text/javascript; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
} as const;

export type PageFile = keyof typeof FILES;

export const isPageFile = (name: string): name is PageFile => Object.hasOwn(FILES, name);

/** Rejects where the plugin runs unbuilt. */
export async function readPageFile(name: PageFile): Promise<{ readonly type: string; readonly content: Buffer }> {
  return { type: FILES[name], content: await readFile(new URL(`./page/${name}`, import.meta.url)) };
}

/** Nothing but these files and the page's own data, in a frame of the Control UI. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join("; ");

/**
 * The page before its script has run. The ticket is in it, which only who can read the page can know, and whether the host
 * opens sessions for it.
 */
export const pageShell = (ticket: string, opensSessions: boolean): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <meta name="ticket" content="${ticket}" />
    <meta name="opens-sessions" content="${opensSessions}" />
    <title>Resumes</title>
    <link rel="stylesheet" href="page.css" />
    <script src="page.js" defer></script>
  </head>
  <body>
    <div id="page"></div>
    <noscript>
      This page needs scripts, which <code>gateway.controlUi.embedSandbox: "strict"</code> forbids.
      <code>openclaw resumes status</code> shows the same.
    </noscript>
  </body>
</html>
`;
