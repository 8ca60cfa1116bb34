// node --expose-gc scripts/bench/one.ts ID
//
// One invocation of one benchmark, in a process of its own: no other has warmed its code or filled its heap. What goes on
// is said on stderr, the figures are JSON on stdout.
import { killAllGateways } from "../../test/support/gateway.ts";
import { BENCHES, type BenchId } from "./benches.ts";

const id = process.argv[2] as BenchId;
const bench = await BENCHES[id].load();
try {
  const figures = await bench((text) => process.stderr.write(`${text}\n`));
  process.stdout.write(JSON.stringify(figures), () => process.exit(0));
} finally {
  await killAllGateways();
}
