import * as modelSession from "openclaw/plugin-sdk/model-session-runtime";
import type { OpenClawConfig } from "openclaw/plugin-sdk/plugin-entry";
import type { PluginRuntime } from "openclaw/plugin-sdk/runtime-store";
import type { Usage } from "../domain/spend.ts";

type HostEntry = NonNullable<ReturnType<PluginRuntime["agent"]["session"]["getSessionEntry"]>>;
type RunMeta = Awaited<ReturnType<PluginRuntime["agent"]["runEmbeddedAgent"]>>["meta"];

export interface ModelRef {
  readonly provider: string;
  readonly model: string;
}

/** Not on every host that the plugin runs on; then a provider is known once it is asked. */
const { resolveSessionModelRef } = modelSession as Partial<typeof modelSession>;

/** The model that a session's next run asks. May throw. */
export function modelOf(config: OpenClawConfig, entry: HostEntry, agentId: string): ModelRef | undefined {
  return resolveSessionModelRef?.(config, entry, agentId, { allowPluginNormalization: false });
}

/** What a run has used, as the host reports it; `undefined` when it does not. */
export function usageOf(config: OpenClawConfig, meta: RunMeta): Usage | undefined {
  const { agentMeta } = meta;
  const usage = agentMeta?.usage;
  if (agentMeta === undefined || usage === undefined) return undefined;
  const { input = 0, output = 0, cacheRead = 0, cacheWrite = 0 } = usage;
  const price = priceOf(config, agentMeta);
  const costUsd =
    input * price.input + output * price.output + cacheRead * price.cacheRead + cacheWrite * price.cacheWrite;
  return { tokens: usage.total ?? input + output + cacheRead + cacheWrite, costUsd: costUsd / MILLION };
}

/** What a run is thought to use at least: its conversation, once, as input. */
export function estimateOf(
  config: OpenClawConfig,
  model: ModelRef | undefined,
  totalTokens: number | undefined,
): Usage {
  const tokens = totalTokens ?? 0;
  return { tokens, costUsd: model === undefined ? 0 : (tokens * priceOf(config, model).input) / MILLION };
}

const MILLION = 1_000_000;
const NO_PRICE = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

/** US dollars per million tokens, as the host's configuration has them; the public SDK tells no others (2026.9.6). */
function priceOf({ models }: OpenClawConfig, { provider, model }: ModelRef): typeof NO_PRICE {
  const known = models?.providers?.[provider]?.models?.find(({ id }) => id === model);
  return { ...NO_PRICE, ...known?.cost };
}

/** Whether any model has a price: without one no cost is ever counted. */
export const hasPrices = ({ models }: OpenClawConfig): boolean =>
  Object.values(models?.providers ?? {}).some(({ models: own }) =>
    own?.some(({ cost }) => Object.values(cost ?? {}).some((price) => Number(price) > 0)),
  );
