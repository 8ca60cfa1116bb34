import { expect, it } from "vitest";
import { soak } from "../support/soak.ts";

it("ten minutes of users, errors and hangs over 200 interrupted chats", async () => {
  const measured = await soak({
    chats: 200,
    durationMs: 600_000,
    seed: Number(process.env["SEED"] ?? Date.now() % 1_000_000),
  });
  console.log(measured);
  expect(measured["messages"]).toBeGreaterThan(100);
}, 2_400_000);
