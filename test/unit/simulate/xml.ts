/** Checks that a text is well-formed XML of the kind that a chart needs (elements, attributes, text), and lists its elements. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  text: string;
}

const TAG = /<(?<close>\/)?(?<name>[a-zA-Z][\w-]*)(?<attributes>(?:\s+[a-zA-Z][\w:-]*="[^"<]*")*)\s*(?<empty>\/)?>/y;
const TEXT = /[^<]+/y;
const ATTRIBUTE = /([a-zA-Z][\w:-]*)="([^"]*)"/g;
const LOOSE_AMPERSAND = /&(?!(amp|lt|gt|quot);)/;

/** Throws where it is not. */
export function elementsOf(xml: string): XmlElement[] {
  const elements: XmlElement[] = [];
  const open: XmlElement[] = [];
  if (LOOSE_AMPERSAND.test(xml)) throw new Error("an ampersand that is not escaped");
  for (let at = 0; at < xml.length;) {
    TAG.lastIndex = TEXT.lastIndex = at;
    const tag = TAG.exec(xml)?.groups;
    const text = TEXT.exec(xml)?.[0];
    if (tag !== undefined) {
      at = TAG.lastIndex;
      const name = tag["name"]!;
      if (tag["close"] !== undefined) {
        if (open.pop()?.name !== name) throw new Error(`</${name}> closes nothing`);
        continue;
      }
      const attributes = [...tag["attributes"]!.matchAll(ATTRIBUTE)].map(([, key, value]) => [key!, value!] as const);
      if (new Set(attributes.map(([key]) => key)).size < attributes.length) throw new Error(`<${name}> repeats itself`);
      if (open.length === 0 && elements.length > 0) throw new Error("two roots");
      const element = { name, attributes: Object.fromEntries(attributes), text: "" };
      elements.push(element);
      if (tag["empty"] === undefined) open.push(element);
    } else if (text !== undefined) {
      at = TEXT.lastIndex;
      const parent = open.at(-1);
      if (parent !== undefined) parent.text += text;
      else if (text.trim() !== "") throw new Error(`text outside the root: ${text}`);
    } else throw new Error(`no XML at ${at}: ${xml.slice(at, at + 40)}`);
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)!.name}> is not closed`);
  return elements;
}
