import { expect, it } from "vitest";
import { errorKind } from "../../../src/domain/error-kind.ts";

it("names an error and its code, and keeps what it says to itself", () => {
  expect(errorKind(new TypeError("Alice said: hello"))).toBe("TypeError");
  expect(errorKind(Object.assign(new Error("disk full"), { code: "ERR_SQLITE_ERROR" }))).toBe(
    "Error (ERR_SQLITE_ERROR)",
  );
  expect(errorKind(Object.assign(new Error("slow down"), { code: 429 }))).toBe("Error (429)");
  expect(errorKind("Alice said: hello")).toBe("not an error object");
});
