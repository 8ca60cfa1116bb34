import type { OpenClawConfig } from "openclaw/plugin-sdk/plugin-entry";
import type { PluginRuntime } from "openclaw/plugin-sdk/runtime-store";
import type { Usage } from "../domain/spend.ts";
import { resolveSessionModelRef } from "./sdk.ts";

type HostEntry = NonNullable<ReturnType<PluginRuntime["agent"]["session"]["getSessionEntry"]>>;
type RunMeta = Awaited<ReturnType<PluginRuntime["agent"]["runEmbeddedAgent"]>>["meta"];

export interface ModelRef {
  readonly provider: string;
  readonly model: string;
}

/** The model that a session's next run asks, as far as that can be known before. May throw. */
export function modelOf(config: OpenClawConfig, entry: HostEntry, agentId: string): ModelRef | undefined {
  return resolveSessionModelRef === undefined
    ? configuredModel(config, entry, agentId)
    : resolveSessionModelRef(config, entry, agentId, { allowPluginNormalization: false });
}

/** What a run must be told of its model: nothing on a host that tells the model of a session, because it finds it itself. */
export function modelToName(config: OpenClawConfig, entry: HostEntry, agentId: string): Partial<ModelRef> {
  return resolveSessionModelRef === undefined ? (configuredModel(config, entry, agentId) ?? {}) : {};
}

/** The session's own model, or the agent's where it is written out (no alias, no profile), or the one it has asked last. */
function configuredModel(config: OpenClawConfig, entry: HostEntry, agentId: string): ModelRef | undefined {
  const { modelOverride, providerOverride, modelProvider, model } = entry;
  const last = modelProvider === undefined || model === undefined ? undefined : { provider: modelProvider, model };
  const agents = parseModel(agentModel(config, agentId));
  if (modelOverride === undefined) return agents ?? last;
  const provider = providerOverride ?? agents?.provider ?? last?.provider;
  return provider === undefined ? undefined : { provider, model: modelOverride };
}

/** As hosts before 2026.8 have it in their configuration: `provider/model`, or an object that has it as `primary`. */
function agentModel({ agents }: OpenClawConfig, agentId: string): unknown {
  const { list, defaults } = (agents ?? {}) as { list?: unknown; defaults?: { model?: unknown } };
  const own: unknown = Array.isArray(list)
    ? list.find((agent: { id?: unknown } | null) => agent?.id === agentId)
    : undefined;
  const primaryOf = (model: unknown) => (model as { primary?: unknown } | undefined)?.primary ?? model;
  return primaryOf((own as { model?: unknown } | undefined)?.model) ?? primaryOf(defaults?.model);
}

function parseModel(text: unknown): ModelRef | undefined {
  const [, provider, model] = typeof text === "string" ? (/^([^/@]+)\/([^@]+)$/.exec(text.trim()) ?? []) : [];
  return provider === undefined || model === undefined ? undefined : { provider, model };
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
