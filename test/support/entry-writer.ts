/**
 * A plugin that writes session entries through the host's own API at gateway start, before ours looks at them: for marks
 * that would take another host version, another channel or a broken disk to come about by themselves.
 */
import type { PluginInConfig } from "./gateway-config.ts";
import { stageSource } from "./stage-plugin.ts";

export type EntryWrite = {
  sessionKey: string;
  agentId?: string;
  /** The fields, as a JavaScript expression: JSON has no NaN, no `undefined` and no own `__proto__`. */
  fields: string;
  /** There is no such session yet. */
  create?: boolean;
  /** Not once but again and again, as a user's turns would. */
  keepsWriting?: boolean;
};

export type EntryWriterOptions = {
  /** The gateway is killed when all is written: before it recovers anything, which changes what is written. */
  thenKilled?: boolean;
};

/** Stages it. It writes at the first start on a state folder only. */
export function stageEntryWriter(writes: readonly EntryWrite[], options: EntryWriterOptions = {}): PluginInConfig {
  return stageSource("entry-writer", source(writes, options));
}

const source = (writes: readonly EntryWrite[], { thenKilled = false }: EntryWriterOptions): string => `
import fs from "node:fs";
import path from "node:path";
const writes = [
${writes.map(({ fields, ...write }) => `  { ...${JSON.stringify(write)}, fields: () => (${fields}) },`).join("\n")}
];
export default {
  id: "entry-writer",
  name: "Entry writer",
  register(api) {
    if (api.registrationMode !== "full") return;
    const { session } = api.runtime.agent;
    let stopped = false;
    const keepWriting = async (write) => {
      // The host writes without leaving the turn of its event loop: nobody else would ever have one.
      for (let nth = 1; !stopped; nth += 1) {
        await put(write).catch(() => {});
        if (nth % 20 === 0) await new Promise(setImmediate);
      }
    };
    const put = async ({ agentId = "main", sessionKey, fields, create }) => {
      if (create) return session.upsertSessionEntry({ agentId, sessionKey, entry: fields() });
      await session.patchSessionEntry({ agentId, sessionKey, preserveActivity: true, update: () => fields() });
    };
    api.registerService({
      id: "entry-writer",
      async start({ stateDir }) {
        const done = path.join(stateDir, "entry-writer.done");
        if (fs.existsSync(done)) return;
        for (const write of writes) {
          try {
            await put(write);
          } catch (error) {
            console.error("[entry-writer] " + write.sessionKey + ": " + String(error));
          }
        }
        for (const write of writes) if (write.keepsWriting) void keepWriting(write);
        // Long enough for ours to have claimed.
        setTimeout(() => (stopped = true), 3000).unref();
        fs.writeFileSync(done, "");
        if (${thenKilled}) process.kill(process.pid, "SIGKILL");
      },
      stop() {
        stopped = true;
      },
    });
  },
};
`;
