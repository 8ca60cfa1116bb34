/** What axe finds wrong with a page, for people who cannot see it or use no mouse. */
import fs from "node:fs";
import { createRequire } from "node:module";
import type axe from "axe-core";
import type { Frame } from "playwright-core";

const SOURCE = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Each with the elements that it is about; none is what is wanted. */
export async function violations(frame: Frame): Promise<{ rule: string; elements: string[] }[]> {
  // Past the page's own policy, which lets no such script in.
  await frame.evaluate(SOURCE);
  const { violations: found } = await frame.evaluate<axe.AxeResults>("axe.run()");
  return found.map(({ id, nodes }) => ({ rule: id, elements: nodes.map(({ html }) => html.slice(0, 200)) }));
}
