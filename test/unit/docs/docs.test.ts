import { describe, expect, it } from "vitest";
import { checkBlock, checkCommand } from "./blocks.ts";
import { COMMAND_CHECKERS } from "./commands.ts";
import { blocksOf, commandsOf, mentionsIn, pageNames, type Block } from "./pages.ts";

const pages = pageNames();

describe("the pages", () => {
  const blocks = pages.flatMap((page) => blocksOf(page));

  it("have blocks of commands and of settings", () => {
    const languages = new Set(blocks.map(({ language }) => language));
    expect(blocks.length).toBeGreaterThan(10);
    expect(["sh", "json5", ""].every((language) => languages.has(language))).toBe(true);
  });

  it.each(blocks.map((block) => [`${block.page}:${block.line}`, block] as const))("%s is right", (_, block) => {
    expect(() => checkBlock(block)).not.toThrow();
  });

  it.each(pages)("%s names commands that there are", (page) => {
    const wrong = mentionsIn(page).flatMap(({ line, command }) => {
      try {
        checkCommand(command);
        return [];
      } catch (error) {
        // The name of a command, as a word for what it does: without what it needs.
        if (/missing required argument|argument missing|outputHelp|--state-dir DIR is missing/.test(String(error)))
          return [];
        return [`${page}:${line}: ${command}: ${String(error)}`];
      }
    });
    expect(wrong).toEqual([]);
  });
});

describe("a page that is wrong", () => {
  const entry = (id: string, config: object) => JSON.stringify({ plugins: { entries: { [id]: { config } } } });
  const CONVERSATION = [
    "<<<BEGIN_EARLIER_CONVERSATION>>>",
    "Another note",
    '{"from":"user","at":"2026-11-26T10:46Z","text":"a"}',
    "",
  ].join("\n");
  const block = (language: string, text: string): Block => ({ page: "x.md", line: 1, language, text });

  it.each([
    ["a setting that there is not", "json5", "gc: { enabled: true, days: 3 }", "gc.days"],
    ["a value that is not accepted", "json5", "budget: { maxConcurrent: 0 }", "budget.maxConcurrent"],
    ["a whole configuration with a wrong setting", "json", entry("resume-scheduler", { mode: "of" }), "mode"],
    ["a whole configuration of another plugin", "json", entry("other", {}), "no entry for this plugin"],
    ["a command with a flag that there is not", "sh", "openclaw resumes gc --force", "--force"],
    ["a command that there is not", "sh", "openclaw resumes forget <key>   # explained", "forget"],
    ["a command without its key", "sh", "openclaw resumes show", "missing required argument"],
    ["a command with a word too many", "sh", "openclaw resumes pause now", "too many arguments"],
    ["a script that there is not", "sh", "npm run tset", "no such script: tset"],
    ["one wrong command of two", "sh", "npm test\nnpm run demo -- --chats 3", "--chats"],
    ["a conversation that the code does not make", "", CONVERSATION, "the code makes"],
  ])("%s fails", (_, language, text, why) => {
    expect(() => checkBlock(block(language, text))).toThrow(why);
  });

  it.each([
    ["of a language that nobody tests", block("python", "print()")],
    ["of settings that are no plugin's", block("json", '{"session":{}}')],
    ["of commands that nobody tests", block("sh", "curl localhost")],
  ])("a block %s fails, because no checker claims it", (_, unclaimed) => {
    expect(() => checkBlock(unclaimed)).toThrow("say how this is tested");
  });

  it.each(COMMAND_CHECKERS)("$refuses is refused by $by", ({ refuses, claims, check, why }) => {
    expect(claims(refuses)).toBe(true);
    expect(() => check(refuses)).toThrow(why);
  });

  it("has each of its commands checked, whatever is beside it", () => {
    const text = "# first\nopenclaw resumes pause | unpause   # both\n\nopenclaw resumes gc   # or --dry-run\n";
    expect(commandsOf(block("sh", text))).toEqual([
      "openclaw resumes pause",
      "openclaw resumes unpause",
      "openclaw resumes gc",
    ]);
  });
});
