import { describe, expect, it } from "vitest";
import { LONGEST, titleOf, visible } from "../../../src/page/visible.ts";

describe("visible", () => {
  it("shows where something was taken out", () => {
    expect(visible("a\u{202e}b\u{1b}[31m\nc\u{200b}\u{d800}")).toBe("a\u{fffd}b\u{fffd}[31m c\u{fffd}\u{fffd}");
  });

  it("leaves other languages and pictures alone", () => {
    const family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
    expect(visible(`größe 日本語 אבג ${family}`)).toBe(`größe 日本語 אבג ${family}`);
  });

  it("takes joiners out that join nothing", () => {
    expect(visible("ad\u{200d}min")).toBe("ad\u{fffd}min");
  });

  it("keeps markup as the text that it is", () => {
    expect(visible("<img src=x onerror=alert(1)>")).toBe("<img src=x onerror=alert(1)>");
  });

  it("is short, whatever it is given", () => {
    for (const text of ["W".repeat(10_000), "🦞".repeat(10_000), `${"a".repeat(999)}🦞${"b".repeat(5000)}`]) {
      const short = visible(text);
      expect(Array.from(short).length).toBeLessThanOrEqual(LONGEST);
      expect(short.isWellFormed()).toBe(true);
    }
  });
});

describe("titleOf", () => {
  it("is the key where there is no name", () => {
    const sessionKey = "agent:a:b";
    expect(["Anna", null, "", " \n "].map((name) => titleOf({ name, sessionKey }))).toEqual([
      "Anna",
      sessionKey,
      sessionKey,
      sessionKey,
    ]);
  });
});
