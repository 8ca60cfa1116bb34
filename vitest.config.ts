import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take minutes, and whose size does not tell: the last to start must not be the last to end. */
const SLOW =
  /gateway\/(commands-cli|continuity|conversations|fleet|history|hot-settings|kills|prometheus|record|storm)\.test\.ts$/;

class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- vitest's own, of no array
    const sorted = await super.sort(files);
    const isSlow = ({ moduleId }: TestSpecification) => SLOW.test(moduleId);
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))];
  }
}

/** What `npm test` leaves to `npm run test:full`, so that it takes less than 20 minutes on two cores. */
const tags = [{ name: "long", description: "only in `npm run test:full` and `npm run test:hosts`" }];

const setupFiles = ["test/support/warnings.ts"];

const realGateway = {
  tags,
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
    sequence: { sequencer: SlowFirst },
    projects: [
      {
        test: {
          name: "unit",
          tags,
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
      // Longer than `npm test` may take: `npm run test:*`, `npm run soak`.
      { test: { ...realGateway, name: "long", include: ["test/long/**/*.test.ts"] } },
    ],
    coverage: { include: ["src/**"] },
  },
});
