import fs from "node:fs";
import path from "node:path";
import { execSync } from "node:child_process";
import { stageEmptyPlugin, stagePlugin } from "../../test/support/stage-plugin.ts";
import { makeTempDir } from "../../test/support/temp.ts";
import { FreshGateway } from "./fresh-gateway.ts";
const ours = stagePlugin();
console.log(
  "files",
  execSync(
    `find ${ours.dir} -type f | wc -l; du -sh ${ours.dir}; find ${ours.dir}/node_modules -type f | cut -d/ -f6-7 | sed 's|.*node_modules/||' | sort | uniq -c | sort -rn | head -12`,
  ).toString(),
);
const copy = (label: string, change: (dir: string) => void) => {
  const dir = makeTempDir(label);
  fs.cpSync(ours.dir, dir, { recursive: true });
  change(dir);
  return { dir, id: ours.id };
};
const empty = `export default { id: "${ours.id}", name: "x", register() {} };\n`;
const variants = {
  empty: stageEmptyPlugin(),
  "our files, empty index": copy("v1", (d) => fs.writeFileSync(path.join(d, "dist/index.js"), empty)),
  "our index, mode off": { ...ours, config: { mode: "off" } },
  "imports only": copy("v2", (d) =>
    fs.writeFileSync(
      path.join(d, "dist/index.js"),
      `import "./host/service.js"; import "./host/metrics-route.js";\n${empty}`,
    ),
  ),
  "sdk imports only": copy("v3", (d) =>
    fs.writeFileSync(
      path.join(d, "dist/index.js"),
      [
        ...new Set(
          execSync(`grep -rhoE 'from "openclaw[^"]*"' ${ours.dir}/dist --include=*.js`).toString().trim().split("\n"),
        ),
      ]
        .map((f) => f.replace("from", "import") + ";")
        .join("\n") +
        "\n" +
        empty,
    ),
  ),
  ours,
};
const gws: [string, FreshGateway][] = [];
for (const [n, plugin] of Object.entries(variants)) gws.push([n, await FreshGateway.create({ agents: 1, plugin })]);
const t: Record<string, number[]> = {};
for (let i = 0; i < 4; i++)
  for (const [n, g] of gws) {
    const ms = await g.boot();
    await g.stop();
    if (i) (t[n] ??= []).push(ms);
  }
console.log(t);
process.exit(0);
