/** What the links of a page of Markdown lead to, and what can be linked to in it. */

/** The targets of all links and pictures outside code. */
export function linksOf(page: string): string[] {
  const text = page.replaceAll(/^```.*?^```/gms, "").replaceAll(/`[^`\n]*`/g, "");
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target]) => target ?? []);
}

/** The anchors of its headings, as GitHub and npm make them. */
export function anchorsOf(page: string): string[] {
  const headings = [...page.matchAll(/^#+ (.*)$/gm)].flatMap(([, text]) => text ?? []);
  return headings.map((text) =>
    text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s-]/gu, "")
      .trim()
      .replaceAll(/\s/g, "-"),
  );
}
