/** How each kind of block in the docs is tested. A checker throws when the block is wrong. */
import JSON5 from "json5";
import { carryOver } from "../../../src/domain/carry-over.ts";
import { resolveSettings } from "../../../src/settings/resolve.ts";
import { settingsSchema } from "../../../src/settings/schema.generated.ts";
import { COMMAND_CHECKERS } from "./commands.ts";
import { commandsOf, type Block } from "./pages.ts";

export type BlockChecker = {
  /** What proves it. */
  by: string;
  claims: (block: Block) => boolean;
  check: (block: Block) => void;
};

const isConfig = ({ language }: Block) => language === "json" || language === "json5";

/** A block that begins with a key stands for what is inside of an object. */
export function configIn({ text }: Block): Record<string, unknown> {
  return JSON5.parse<Record<string, unknown>>(/^\s*(\/\/.*\n\s*)*\{/.test(text) ? text : `{${text}}`);
}

const keysOf = (block: Block): string[] => Object.keys(configIn(block));
const isSetting = (key: string): boolean => key in (settingsSchema.properties ?? {});

/** Whether it is a whole `openclaw.json`, which the host itself is asked about, too (host-config.test.ts). */
export const isHostConfig = (block: Block): boolean => isConfig(block) && keysOf(block).includes("plugins");

export const BLOCK_CHECKERS: readonly BlockChecker[] = [
  {
    by: "the plugin's own settings",
    claims: (block) => isConfig(block) && keysOf(block).every(isSetting),
    check: (block) => checkSettings(configIn(block)),
  },
  {
    by: "the plugin's own settings, and the host's own check of its configuration",
    claims: isHostConfig,
    check: (block) => checkSettings(pluginEntryIn(configIn(block)).config),
  },
  {
    by: "the checker of each command in it",
    claims: ({ language }) => language === "sh" || language === "bash",
    check: (block) => {
      for (const command of commandsOf(block)) checkCommand(command);
    },
  },
  {
    by: "what makes the block of an earlier conversation",
    claims: ({ text }) => text.startsWith("<<<BEGIN_EARLIER_CONVERSATION>>>"),
    check: checkCarriedOver,
  },
  {
    by: "nothing: a drawing without a command in it",
    claims: ({ language, text }) => language === "" && text.includes(" -> "),
    check: ({ text }) => {
      if (/\b(openclaw|npm|npx|node)\s/.test(text)) throw new Error("a command that nobody tests");
    },
  },
];

/** Its one checker; throws where there is none, or more than one. */
export function claimant<C extends { by: string }>(checkers: readonly C[], claims: (checker: C) => boolean): C {
  const [checker, ...more] = checkers.filter(claims);
  if (checker === undefined) throw new Error("say how this is tested: no checker claims it");
  if (more.length > 0) throw new Error(`claimed more than once: ${[checker, ...more].map(({ by }) => by).join("; ")}`);
  return checker;
}

export function checkBlock(block: Block): void {
  claimant(BLOCK_CHECKERS, (checker) => checker.claims(block)).check(block);
}

export function checkCommand(command: string): void {
  claimant(COMMAND_CHECKERS, (checker) => checker.claims(command)).check(command);
}

/** What `plugins.entries` says of this plugin. */
export function pluginEntryIn(config: Record<string, unknown>): { config?: unknown } {
  const { plugins } = config as { plugins: { entries: Record<string, { config?: unknown }> } };
  const entry = plugins.entries["resume-scheduler"];
  if (entry === undefined) throw new Error("no entry for this plugin");
  return entry;
}

function checkSettings(config: unknown): void {
  const resolved = resolveSettings(config);
  if (!resolved.ok) throw new Error(JSON.stringify(resolved));
}

/** The head and the messages are exactly what the code makes of such a conversation; the note is shown in part. */
function checkCarriedOver({ text }: Block): void {
  const lines = text.split("\n");
  const messages = lines.filter((line) => line.startsWith("{"));
  const said = messages.map((line) => JSON.parse(line) as { from: string; at: string; text: string });
  const events = said.map(({ from, at, text: words }) => ({
    type: "message",
    timestamp: at.replace("Z", ":00.000Z"),
    message: { role: from, content: [{ type: "text", text: words }] },
  }));
  const limits = { maxMessages: 20, maxChars: 8_000, maxAgeMs: 3_600_000 };
  const nowMs = Date.parse(said.at(-1)!.at.replace("Z", ":00.000Z"));
  const made = carryOver(events, limits, { nowMs, redact: (words) => words });
  if (typeof made === "string") throw new Error(`nothing is carried: ${made}`);
  const [head, note, ...rest] = made.block.trimEnd().split("\n");
  const [shownHead, shownNote = "", ...shown] = lines;
  const isSame =
    head === shownHead &&
    note!.startsWith(shownNote.replace(/\s*\.\.\.$/, "")) &&
    rest.every((line, index) => line === shown[index]);
  if (!isSame) throw new Error(`the code makes\n${made.block}`);
}
