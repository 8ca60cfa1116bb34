import { readFileSync } from "node:fs";
import JSON5 from "json5";
import { EXIT, Failure } from "./failure.ts";

/** The plugin's settings in a JSON5 file: the file's whole content, or what an `openclaw.json` says of the plugin. */
export function readSettings(file: string): unknown {
  const content = parse(file, read(file));
  if (!isObject(content)) throw wrong(`${file}:1: expected an object with the plugin's settings`);
  if (!Object.hasOwn(content, "plugins")) return content;
  const entry = at(content, "plugins", "entries", "resume-scheduler");
  if (entry === undefined) throw wrong(`${file}: has \`plugins\`, but no plugins.entries["resume-scheduler"]`);
  return at(entry, "config") ?? {};
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw wrong(`${file}: ${code === "ENOENT" ? "there is no such file" : message}`);
  }
}

function parse(file: string, text: string): unknown {
  try {
    return JSON5.parse<unknown>(text);
  } catch (error) {
    const { message, lineNumber, columnNumber } = error as Error & { lineNumber?: number; columnNumber?: number };
    const what = message.replace(/^JSON5: /, "").replace(/ at \d+:\d+$/, "");
    throw wrong(`${file}:${lineNumber ?? 1}:${columnNumber ?? 1}: ${what}`);
  }
}

const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((found, key) => (isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined), value);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const wrong = (message: string): Failure => new Failure(EXIT.usage, "config-file", message);
