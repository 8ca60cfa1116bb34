import { describe, expect, it } from "vitest";
import { mediaOf, toPart, withoutMedia } from "../../../src/host/reply-part.ts";

/** A folder with a file in it. */
const HERE = import.meta.dirname;

describe("a message of a run", () => {
  it("is what its user gets, without what the host has added for itself", () => {
    const part = { text: "here", mediaUrl: "./chart.png", mediaUrls: ["./chart.png"], replyToId: "7" };
    expect(toPart({ ...part, isError: false })).toEqual(part);
    expect(toPart({ text: "hi" })).toEqual({ text: "hi" });
  });

  it.each([
    ["./reply-part.test.ts", `${HERE}/reply-part.test.ts`],
    ["../host/reply-part.test.ts", `${HERE}/reply-part.test.ts`],
    [`${HERE}/reply-part.test.ts`, `${HERE}/reply-part.test.ts`],
    ["~/chart.png", "~/chart.png"],
    ["file:///tmp/chart.png", "file:///tmp/chart.png"],
    ["https://example.org/chart.png", "https://example.org/chart.png"],
  ])("has its media %s named in full as %s", (url, named) => {
    const part = toPart({ mediaUrl: url, mediaUrls: [url] }, HERE);
    expect(part).toEqual({ mediaUrl: named, mediaUrls: [named] });
  });

  it("goes out without media that is not there, where the queue would take it with them", () => {
    const part = toPart({ text: "here", mediaUrl: "./no/chart.png", mediaUrls: ["./no/chart.png"] }, "/workspace");
    expect(part).toEqual({ text: "here\n⚠️ chart.png: this file could not be sent." });
  });

  it("without media is its words, and a line for each file", () => {
    const channelData = { telegram: {} };
    const part = { text: " two ", mediaUrls: ["/a/b.png", "https://x.org/c.png?k=1"], audioAsVoice: true, channelData };
    const text = "two\n⚠️ b.png: this file could not be sent.\n⚠️ c.png: this file could not be sent.";
    expect(withoutMedia(part)).toEqual({ text, channelData });
    expect(withoutMedia({ mediaUrl: "/a/b.png" })).toEqual({ text: "⚠️ b.png: this file could not be sent." });
    expect(mediaOf({ mediaUrl: "", mediaUrls: [] })).toEqual([]);
  });
});
