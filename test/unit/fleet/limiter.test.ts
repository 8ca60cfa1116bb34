import { createRequire } from "node:module";
import { expect, it } from "vitest";
import { corrected } from "../../../src/fleet/limiter.ts";

type Scripts = { readonly names: readonly string[]; readonly payload: (name: string) => string };
const { names, payload } = createRequire(import.meta.url)("bottleneck/lib/Scripts.js") as Scripts;

it.each(names)("Bottleneck's script %s goes by the clock of Redis, and says its errors as they are", (name) => {
  const script = corrected(payload(name));
  expect(script.match(/redis\.call\('time'\)/g)).toHaveLength(1);
  expect(script).not.toContain("tonumber(ARGV[1])");
  expect(script).not.toContain("error_reply");
  // Nothing else of it has changed.
  expect(script.split("\n").length).toBe(payload(name).split("\n").length + 1);
});

it("the scripts that tell a client to register again are among them", () => {
  const errors = names.flatMap((name) => corrected(payload(name)).match(/\{err = .*\}/g) ?? []);
  expect(new Set(errors)).toEqual(
    new Set([
      "{err = 'SETTINGS_KEY_NOT_FOUND'}",
      "{err = 'UNKNOWN_CLIENT'}",
      "{err = 'OVERWEIGHT:'..weight..':'..maxConcurrent}",
    ]),
  );
});
