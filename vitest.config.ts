import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts", "test/property/**/*.test.ts"],
          // Not 0: vitest moves a group 0 with one worker (a machine with two cores) to the very end.
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "gateway",
          include: ["test/gateway/**/*.test.ts"],
          globalSetup: ["test/support/global-setup.ts"],
          pool: "forks",
          // Each file starts real gateways of about 0.5 GB, which wait more than they work: two files at a time, and
          // after the unit tests.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
          retry: 0,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
    coverage: { include: ["src/**"] },
  },
});
