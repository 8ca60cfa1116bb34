/** A `text` panel: as much Markdown as a dashboard's notes have. */
import { escape } from "../html.ts";

export function drawMarkdown(content: string): string {
  const blocks = content.trim().split(/\n{2,}/);
  return `<div class="markdown">${blocks.map(block).join("")}</div>`;
}

function block(text: string): string {
  const [, marks, heading] = /^(#{1,6})\s+(.*)$/.exec(text) ?? [];
  if (marks !== undefined) return `<h${marks.length}>${inline(heading!)}</h${marks.length}>`;
  const lines = text.split("\n");
  if (lines.every((each) => /^\s*[-*] /.test(each))) {
    return `<ul>${lines.map((each) => `<li>${inline(each.replace(/^\s*[-*] /, ""))}</li>`).join("")}</ul>`;
  }
  return `<p>${inline(lines.join(" "))}</p>`;
}

function inline(text: string): string {
  return escape(text)
    .replaceAll(/`([^`]+)`/g, "<code>$1</code>")
    .replaceAll(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>")
    .replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '<span class="link">$1</span>');
}
