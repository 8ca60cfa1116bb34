import { expect, it } from "vitest";
import { canonicalKey } from "../../../src/domain/session-key.ts";

it("puts the agent before a short key", () => {
  expect(canonicalKey("ops", "main")).toBe("agent:ops:main");
});

it("leaves a full key as it is", () => {
  expect(canonicalKey("ops", "agent:other:telegram:1")).toBe("agent:other:telegram:1");
});
