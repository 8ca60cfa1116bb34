import { defineConfig } from "vitest/config";

const setupFiles = ["test/support/warnings.ts"];

const realGateway = {
  setupFiles,
  globalSetup: "test/support/global-setup.ts",
  pool: "forks",
  // Each file starts real gateways of about 0.5 GB, which wait more than they work: two files at a time.
  maxWorkers: 2,
  maxConcurrency: 2,
  retry: 0,
  testTimeout: 120_000,
  hookTimeout: 180_000,
} as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          setupFiles,
          include: ["test/unit/**/*.test.ts", "test/property/**/*.test.ts"],
          // Not 0: vitest moves a group 0 with one worker (a machine with two cores) to the very end.
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...realGateway,
          name: "gateway",
          include: ["test/gateway/**/*.test.ts"],
          // After the unit tests.
          sequence: { groupOrder: 2 },
        },
      },
      // Longer than `npm test` may take: `npm run test:kills`, `npm run soak`.
      { test: { ...realGateway, name: "long", include: ["test/long/**/*.test.ts"] } },
    ],
    coverage: { include: ["src/**"] },
  },
});
