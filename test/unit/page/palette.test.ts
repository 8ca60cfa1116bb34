import fs from "node:fs";
import { describe, expect, it } from "vitest";

const sheet = fs.readFileSync(new URL("../../../src/page/page.css", import.meta.url), "utf8");

/** The colours of a theme, by name. */
function palette(theme: string): Map<string, string> {
  const [, block = ""] = new RegExp(String.raw`:root\[data-theme="${theme}"\] \{([^}]*)\}`).exec(sheet) ?? [];
  return new Map(
    Array.from(block.matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g), ([, name = "", colour = ""]) => [name, colour]),
  );
}

/** As WCAG defines it. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].toSorted((left, right) => left - right);
  return (high + 0.05) / (low + 0.05);
}

describe.each(["light", "dark"])("the %s theme", (theme) => {
  const colours = palette(theme);
  const of = (name: string) => colours.get(name) ?? expect.fail(`no colour ${name}`);
  const below = (least: number, fronts: string[], backs: string[]) =>
    fronts.flatMap((front) =>
      backs.filter((back) => contrast(of(front), of(back)) < least).map((back) => `${front} on ${back}`),
    );

  it("has texts that can be read", () => {
    expect(below(4.5, ["text", "muted"], ["back", "card", "sunk"])).toEqual([]);
    expect(below(4.5, ["text"], ["chosen"])).toEqual([]);
    expect(below(4.5, ["on-solid"], ["green", "warn", "danger", "accent"])).toEqual([]);
  });

  it("has graphics that can be seen", () => {
    const graphics = ["green", "warn", "danger", "accent", "grey", "violet", "control"];
    expect(below(3, graphics, ["back", "card"])).toEqual([]);
  });
});
