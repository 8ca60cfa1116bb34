import { expect, it } from "vitest";
import { soak } from "../support/soak.ts";

it("a minute of users, errors and hangs: nothing is lost or answered twice, nothing grows", async () => {
  const measured = await soak({ chats: 45, durationMs: 60_000, seed: Date.now() % 1_000_000 });
  expect(measured["messages"]).toBeGreaterThan(10);
  console.log(measured);
}, 400_000);
