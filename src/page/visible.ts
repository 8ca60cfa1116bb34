import { clean, shorten } from "../cli/text.ts";

/** Longer texts are shortened before they come near the document. */
export const LONGEST = 200;
/** How much of a text is looked at: taking a text of 10 KB apart costs more than anything else on the page. */
const LOOKED_AT = 1000;

/** They join pictures and letters, and are harmless between those. */
const JOINERS = /(?<=[^\p{ASCII}])[\u{200c}\u{200d}]+(?=[^\p{ASCII}])/gu;

/** A stranger's text as one harmless line of at most 200 characters; U+FFFD stands where something was taken out. */
export function visible(text: string): string {
  const some = text.length <= 2 * LOOKED_AT ? text : `${text.slice(0, LOOKED_AT)}${text.slice(-LOOKED_AT)}`;
  let at = 0;
  const parts: string[] = [];
  for (const { 0: joiner, index } of some.matchAll(JOINERS)) {
    parts.push(clean(some.slice(at, index)), joiner.slice(0, 1));
    at = index + joiner.length;
  }
  return shorten([...parts, clean(some.slice(at))].join(""), LONGEST);
}

interface Named {
  readonly name: string | null;
  readonly sessionKey: string;
}

export const isNamed = ({ name }: Named): boolean => name !== null && name.trim() !== "";

/** What a session is called: its name, or else its key. */
export const titleOf = (session: Named): string => visible((isNamed(session) && session.name) || session.sessionKey);

/** `1 session`, `2 sessions`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
