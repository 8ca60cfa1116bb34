import { describe, expect, it } from "vitest";
import { toPart } from "../../../src/host/reply-part.ts";

describe("a message of a run", () => {
  it("is what its user gets, without what the host has added for itself", () => {
    const part = { text: "here", mediaUrl: "./chart.png", mediaUrls: ["./chart.png"], replyToId: "7" };
    expect(toPart({ ...part, isError: false })).toEqual(part);
    expect(toPart({ text: "hi" })).toEqual({ text: "hi" });
  });

  it.each([
    ["./chart.png", "/workspace/chart.png"],
    ["out/chart.png", "/workspace/out/chart.png"],
    ["/tmp/chart.png", "/tmp/chart.png"],
    ["~/chart.png", "~/chart.png"],
    ["file:///tmp/chart.png", "file:///tmp/chart.png"],
    ["https://example.org/chart.png", "https://example.org/chart.png"],
  ])("has its media %s named in full as %s", (url, named) => {
    const part = toPart({ mediaUrl: url, mediaUrls: [url] }, "/workspace");
    expect(part).toEqual({ mediaUrl: named, mediaUrls: [named] });
  });
});
