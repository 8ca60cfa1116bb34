import { it } from "vitest";
import { expectOlderHostServed } from "../support/older-host.ts";

// The one on which `continuity` is needed most; `npm run test:hosts` has the others.
it(
  "2026.7.1-2 serves users with the plugin, which resumes an interrupted chat below them and answers it once",
  {
    timeout: 300_000,
  },
  (context) => expectOlderHostServed("2026.7.1-2", context),
);
