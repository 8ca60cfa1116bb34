import { it } from "vitest";
import { namedHost } from "../support/hosts.ts";
import { expectOlderHostServed } from "../support/older-host.ts";

// The one on which `continuity` is needed most; `npm run test:hosts` names the others.
const version = namedHost() ?? "2026.7.1-2";

it(
  `${version} serves users with the plugin, which resumes an interrupted chat below them and answers it once`,
  { timeout: 300_000 },
  (context) => expectOlderHostServed(version, context),
);
