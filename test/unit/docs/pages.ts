/** What the pages of the project show: their blocks of code, and the commands that their text names. */
import fs from "node:fs";
import path from "node:path";
import { PROJECT_ROOT } from "../../support/gateway.ts";

export type Block = {
  page: string;
  /** Of its first line of code, from 1. */
  line: number;
  /** After the opening fence; empty: none. */
  language: string;
  text: string;
};

/** A command in the running text. */
export type Mention = { page: string; line: number; command: string };

/** Every page that an operator reads, from the root of the project. */
export function pageNames(): string[] {
  const docs = fs.readdirSync(path.join(PROJECT_ROOT, "docs"), { recursive: true, encoding: "utf8" });
  const below = docs.filter((name) => name.endsWith(".md")).map((name) => path.posix.join("docs", name));
  return ["README.md", "SECURITY.md", "CHANGELOG.md", ...below];
}

export const readPage = (page: string): string => fs.readFileSync(path.join(PROJECT_ROOT, page), "utf8");

export function blocksOf(page: string, text = readPage(page)): Block[] {
  return [...text.matchAll(/^( *)```(\S*)[^\n]*\n(.*?)^\1```$/gms)].map((match) => ({
    page,
    line: lineAt(text, match.index) + 1,
    language: match[2]!,
    text: match[3]!,
  }));
}

export function mentionsIn(page: string, text = readPage(page)): Mention[] {
  const prose = text.replaceAll(/^( *)```.*?^\1```$/gms, (block) => block.replaceAll(/[^\n]/g, " "));
  return [...prose.matchAll(/`((?:openclaw|npm|npx)\s[^`]+)`/g)].map((match) => ({
    page,
    line: lineAt(prose, match.index),
    command: match[1]!.replaceAll(/\s+/g, " "),
  }));
}

/** The commands of a block of shell, one a line, without what is explained beside them; `a | b` are two. */
export function commandsOf(block: Block): string[] {
  return block.text.split("\n").flatMap((line) => {
    const command = line.replace(/(^|\s+)#.*$/, "").trim();
    if (command === "") return [];
    const [either = "", ...others] = command.split(" | ");
    return [either, ...others.map((other) => either.replace(/\S+$/, other))];
  });
}

/** The words of a command, placeholders filled in. */
export function wordsOf(command: string): string[] {
  return command
    .replaceAll(/<(?:key|sessionRef|session_ref)>/g, "agent:main:telegram:direct:12345")
    .split(/\s+/)
    .filter((word) => word !== "");
}

const lineAt = (text: string, index: number): number => text.slice(0, index).split("\n").length;
