/** The `openclaw.json` of a test gateway: loopback only, the stub model, Telegram on the fake Bot API. */
import { botToken } from "./fake-bot-api.ts";
import { type Host, testedHost } from "./hosts.ts";
import { STUB_MODEL_ID } from "./stub-model.ts";

export type GatewayConfig = Record<string, unknown>;

/** The agents of a 3-agent gateway; with 1 agent only the first. Each further agent has a bot of its own. */
export const AGENT_IDS = ["main", "sales", "support"] as const;
export type AgentId = (typeof AGENT_IDS)[number];

/** Which agent, and which bot, serves chat `index` (0 based): the agents in turn. */
export function agentOfChat(index: number, agents: number): { agentId: AgentId; token: string } {
  const nth = index % agents;
  return { agentId: AGENT_IDS[nth]!, token: botToken(nth) };
}

export type PluginInConfig = {
  /** The plugin's folder (see stage-plugin.ts). */
  dir: string;
  id: string;
  config?: Record<string, unknown>;
  hooks?: Record<string, unknown>;
};

/** What a model costs, US dollars per million tokens. */
export type ModelCost = { input: number; output: number; cacheRead: number; cacheWrite: number };

export type GatewayConfigOptions = {
  botApi: { url: string };
  /** The base URLs of the provider `stub`, and of `other` where there is one. */
  model: { url: string; otherUrl?: string };
  /** Left out: `Gateway.start` takes a free one. */
  port?: number;
  plugins?: PluginInConfig[];
  /** How many agents (default 1); each has its own Telegram bot: `botToken(n)`. */
  agents?: 1 | 3;
  /** `agents.defaults.maxConcurrent`: slots of the host's `main` lane (host default: max(8, 4 per core)). */
  maxConcurrent?: number;
  /** A second model of the same provider. */
  otherModel?: string;
  /** Agents with a model of their own, as `other/stub-1`; the rest has `stub/stub-1`. */
  agentModels?: Partial<Record<AgentId, string>>;
  /** Of every model (default: nothing). */
  cost?: ModelCost;
  /** Which it is for, if not the host that the tests run on: in its form, without the keys that it refuses. */
  host?: Host;
  /** Merged in at last. */
  extra?: GatewayConfig;
};

export function gatewayConfig(options: GatewayConfigOptions): GatewayConfig {
  const agents = AGENT_IDS.slice(0, options.agents ?? 1);
  const several = agents.length > 1;
  const bot = (index: number) => ({
    botToken: botToken(index),
    apiRoot: options.botApi.url,
    dmPolicy: "open",
    allowFrom: ["*"],
  });
  const telegram = several
    ? { accounts: Object.fromEntries(agents.map((id, index) => [accountOf(id), bot(index)])) }
    : bot(0);
  const plugins = options.plugins ?? [];
  const provider = (baseUrl: string, models: readonly string[]) => ({
    baseUrl,
    apiKey: "stub-key",
    api: "openai-completions",
    models: models.map((id) => ({
      id,
      name: "Stub",
      reasoning: false,
      input: ["text"],
      cost: options.cost ?? { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
      contextWindow: 200_000,
      maxTokens: 4096,
    })),
  });
  const { url, otherUrl } = options.model;
  const { features } = options.host ?? testedHost();
  const agentEntries = agents.map((id) => {
    const model = options.agentModels?.[id];
    return [id, model === undefined ? {} : { model }] as const;
  });
  const config: GatewayConfig = {
    gateway: {
      mode: "local",
      bind: "loopback",
      ...(options.port === undefined ? {} : { port: options.port }),
      auth: { mode: "token", token: GATEWAY_TOKEN },
      // Its assets are staged at boot: 50 MB and seconds of CPU that no test needs. chat.send works without it.
      controlUi: { enabled: false },
      http: { endpoints: { chatCompletions: { enabled: true } } },
    },
    update: { checkOnStart: false },
    models: {
      ...(features.has("catalog-refresh") ? { catalogRefresh: { enabled: false } } : {}),
      providers: {
        stub: provider(url, [STUB_MODEL_ID, ...(options.otherModel === undefined ? [] : [options.otherModel])]),
        ...(otherUrl === undefined ? {} : { other: provider(otherUrl, [STUB_MODEL_ID]) }),
      },
    },
    agents: {
      defaults: {
        model: { primary: `stub/${STUB_MODEL_ID}` },
        skipBootstrap: true,
        ...(options.maxConcurrent === undefined ? {} : { maxConcurrent: options.maxConcurrent }),
      },
      ...(!several
        ? {}
        : features.has("agent-entries")
          ? { ownership: "explicit", entries: Object.fromEntries(agentEntries) }
          : { list: agentEntries.map(([id, entry]) => ({ id, ...entry })) }),
    },
    ...(several
      ? {
          bindings: agents.map((id) => ({ agentId: id, match: { channel: "telegram", accountId: accountOf(id) } })),
        }
      : {}),
    // Up to 2026.7.1-2 a conversation from before four o'clock begins anew: what a test sees must not depend on the hour.
    session: { dmScope: "per-channel-peer", reset: { mode: "idle", idleMinutes: 1_000_000 } },
    channels: {
      // Without previews one answer is one sendMessage.
      telegram: { enabled: true, streaming: { mode: "off" }, ...telegram },
    },
    ...(plugins.length === 0
      ? {}
      : {
          plugins: {
            load: { paths: plugins.map((plugin) => plugin.dir) },
            entries: Object.fromEntries(
              plugins.map((plugin) => [
                plugin.id,
                {
                  enabled: true,
                  ...(plugin.config ? { config: plugin.config } : {}),
                  ...(plugin.hooks ? { hooks: plugin.hooks } : {}),
                },
              ]),
            ),
          },
        }),
  };
  return merge(config, options.extra ?? {});
}

/** The bearer token of every test gateway. */
export const GATEWAY_TOKEN = "test-gateway-token";

/** The Telegram account of an agent. */
function accountOf(agentId: string): string {
  return agentId === "main" ? "default" : agentId;
}

/** Deeply; arrays replace. */
export function merge(base: GatewayConfig, extra: GatewayConfig): GatewayConfig {
  const merged = { ...base };
  for (const [key, value] of Object.entries(extra)) {
    const old = merged[key];
    merged[key] = isObject(old) && isObject(value) ? merge(old, value) : value;
  }
  return merged;
}

function isObject(value: unknown): value is GatewayConfig {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
