/** Preloaded into a gateway (`node --import`): its host offers plugins no `onAgentEvent`, as a host of another time might not. */
import { registerHooks } from "node:module";

const OFFERED = /^\s+onAgentEvent,$/m;

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!/\/openclaw\/dist\/(plugins\/runtime\/index|runtime-[^/]+)\.m?js$/.test(url)) return loaded;
    const source = typeof loaded.source === "string" ? loaded.source : new TextDecoder().decode(loaded.source);
    return OFFERED.test(source) ? { ...loaded, source: source.replace(OFFERED, "") } : loaded;
  },
});
