import { expect, it } from "vitest";
import { NO_RECORD, readAtRest } from "../../../src/record/record-at-rest.ts";
import { RecordStore } from "../../../src/record/record-store.ts";
import { makeTempDir, removeTempDir } from "../../support/temp.ts";
import { record } from "../support/makers.ts";

it("is empty where there is none", () => {
  const dir = makeTempDir("at-rest");
  expect(readAtRest(dir)).toBe(NO_RECORD);
  removeTempDir(dir);
});

it("tells what nobody goes on with, what is held, and what keeps the lane", () => {
  const dir = makeTempDir("at-rest");
  const store = RecordStore.open(dir);
  store.put(
    record({ sessionKey: "claimed" }),
    record({ sessionKey: "running", phase: "running" }),
    record({ sessionKey: "delivering", phase: "delivering" }),
    record({ sessionKey: "given back", phase: "released" }),
    record({ sessionKey: "held", phase: "settled", outcome: "held" }),
  );
  store.facts.set("pausedSince", 7);
  store.facts.set("fusedUntil", 9);
  store.close();
  const { held, ...rest } = readAtRest(dir);
  expect(rest).toEqual({ claimed: 2, pausedSinceMs: 7, fusedUntilMs: 9 });
  expect(held.all().map(({ sessionKey }) => sessionKey)).toEqual(["held"]);
  removeTempDir(dir);
});
