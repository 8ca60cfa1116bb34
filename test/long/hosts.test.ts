import { it } from "vitest";
import { expectOlderHostServed } from "../support/older-host.ts";

it.for(["2026.8.2", "2026.6.5"])(
  "%s serves users with the plugin, which resumes an interrupted chat below them and answers it once",
  { timeout: 300_000 },
  (version, context) => expectOlderHostServed(version, context),
);
