import { missingPermission } from "../host/continuity-permission.ts";
import type { HostParts } from "../host/host-parts.ts";
import { hasPrices } from "../host/model-use.ts";
import { listAgentIds } from "../host/sdk.ts";
import { isOpen } from "../domain/identify.ts";
import type { ResumeRecord } from "../domain/record.ts";
import type { ServiceState } from "../domain/service-state.ts";
import type { Settings } from "../settings/settings.ts";
import type { SettingsError } from "../settings/validate.ts";
import { readRow } from "./find-session.ts";
import type { DoctorView, Finding, FleetView, SplitView } from "./views.ts";

/** What the doctor looks at. */
export interface Installation {
  readonly pluginId: string;
  readonly version: string;
  readonly source: DoctorView["source"];
  readonly host: HostParts;
  readonly state: ServiceState;
  readonly settingsErrors: readonly SettingsError[];
  /** Those in force; `undefined` when they are wrong. */
  readonly settings: Settings | undefined;
  /** The shared budget as the running gateway sees it. */
  readonly fleet: FleetView | undefined;
  /** Whether the manifest asks the host to load the plugin at gateway start. */
  readonly loadsAtStartup: boolean;
  /** Functions of the host's that a resume needs, by name. */
  readonly hostFeatures: Readonly<Record<string, boolean>>;
  readonly records: readonly ResumeRecord[];
  /** Why earlier records are lost, or will be at the next start. */
  readonly recordLost: string | undefined;
  /** Conversations that have fallen apart. */
  readonly splits: readonly SplitView[];
  /** Messages of users that the host has announced; `undefined` where that cannot be known. */
  readonly messagesSeen: number | undefined;
}

/** Checks the installation; each finding comes with its fix. */
export function examine(installation: Installation): DoctorView {
  const { splits } = installation;
  const findings = [...CHECKS.map((check) => check(installation)), conversations(splits)];
  return { source: installation.source, findings, splits };
}

const CHECKS: readonly ((installation: Installation) => Finding)[] = [
  service,
  startupActivation,
  conversationAccess,
  diagnostics,
  hostFeatures,
  metricsRoute,
  hotSettings,
  chatCommand,
  costLimit,
  fleet,
  continuity,
  ownRecord,
  staleClaims,
];

const ok = (check: string, found: string): Finding => ({ check, level: "ok", found, fix: null });
const warn = (check: string, found: string, fix: string): Finding => ({ check, level: "warn", found, fix });
const fail = (check: string, found: string, fix: string): Finding => ({ check, level: "fail", found, fix });

function service({ pluginId, state, settingsErrors }: Installation): Finding {
  const errors = settingsErrors.map(({ path, message }) => `${path === "" ? "config" : path}: ${message}`).join("; ");
  const where = `plugins.entries.${pluginId}.config`;
  if (state === "failed") return fail("service", "it could not start", "see the gateway's log: `openclaw logs`");
  if (errors !== "") {
    const effect =
      state === "misconfigured" ? "nothing is resumed" : "the settings before the last change are in force";
    return fail("service", `${effect}: ${errors}`, `correct ${where}`);
  }
  if (state === "active") return ok("service", "active");
  return warn("service", `mode "${state}": nothing is resumed`, `set ${where}.mode to "active" and restart`);
}

function startupActivation({ loadsAtStartup }: Installation): Finding {
  return loadsAtStartup
    ? ok("startup-activation", "the plugin is loaded at gateway start")
    : fail("startup-activation", "the manifest lacks activation.onStartup", "install the plugin again");
}

function conversationAccess({ host, pluginId, messagesSeen }: Installation): Finding {
  const entry = host.config().plugins?.entries?.[pluginId] as { hooks?: { allowConversationAccess?: boolean } };
  const granted = entry?.hooks?.allowConversationAccess === true;
  if (granted) return ok("conversation-access", "granted");
  const seen = messagesSeen === undefined ? "" : `, ${messagesSeen} messages of users seen since the gateway started`;
  if (messagesSeen !== 0) return ok("conversation-access", `not granted, and not needed on this host${seen}`);
  return warn(
    "conversation-access",
    `not granted${seen}`,
    `if users have written and do not preempt: set plugins.entries.${pluginId}.hooks.allowConversationAccess to true`,
  );
}

function diagnostics({ host }: Installation): Finding {
  return host.config().diagnostics?.enabled === false
    ? warn(
        "diagnostics",
        "off: users of the HTTP endpoints do not preempt",
        "set diagnostics.enabled to true and restart",
      )
    : ok("diagnostics", "on");
}

function hostFeatures({ hostFeatures: features }: Installation): Finding {
  const missing = Object.keys(features).filter((name) => !features[name]);
  return missing.length === 0
    ? ok("host-features", `all found: ${Object.keys(features).join(", ")}`)
    : fail("host-features", `missing: ${missing.join(", ")}`, "update OpenClaw");
}

function metricsRoute({ host }: Installation): Finding {
  return host.config().gateway?.auth?.mode === "none"
    ? warn("metrics-route", "open: the gateway asks nobody for a token", 'set gateway.auth.mode to "token"')
    : ok("metrics-route", "protected by the gateway's own authentication");
}

function hotSettings({ host }: Installation): Finding {
  return host.config().gateway?.reload?.mode === "off"
    ? warn("hot-settings", 'gateway.reload.mode is "off"', "restart the gateway after each change of the settings")
    : ok("hot-settings", "changes take effect without a restart");
}

function chatCommand({ host }: Installation): Finding {
  const owners = host.config().commands?.ownerAllowFrom ?? [];
  return owners.length > 0
    ? ok("chat-command", `/resumes answers ${owners.length} owner${owners.length === 1 ? "" : "s"}`)
    : warn(
        "chat-command",
        "/resumes answers nobody: no owner is named",
        'set commands.ownerAllowFrom, e.g. ["telegram:<id>"]',
      );
}

function costLimit({ host, settings }: Installation): Finding {
  const limit = settings?.budget.maxCostPerBoot;
  if (limit === undefined || hasPrices(host.config()))
    return ok("cost-limit", limit === undefined ? "none" : `$${limit}`);
  return warn(
    "cost-limit",
    "budget.maxCostPerBoot is set and no model has a price: nothing is ever counted",
    "set models.providers.<provider>.models[].cost, or use budget.maxTokensPerBoot",
  );
}

function fleet({ settings, fleet: view }: Installation): Finding {
  if (settings === undefined) return ok("fleet", "not known: the settings are wrong");
  if (settings.fleet === undefined) return ok("fleet", "none: this gateway has a budget of its own");
  if (view === undefined) return ok("fleet", `set, at most ${settings.fleet.maxConcurrent} resumes at once`);
  if (view.state === "lost") {
    const fix = `correct it; until then at most ${view.fallbackConcurrent} resumes run here at once`;
    return warn("fleet", `Redis is lost: ${view.reason ?? "no answer"}`, fix);
  }
  return ok("fleet", `${view.state}, at most ${view.maxConcurrent} resumes at once in all gateways`);
}

/** Nothing that this plugin could put right: it neither moves nor deletes what the host keeps under either key. */
function conversations(splits: readonly SplitView[]): Finding {
  if (splits.length === 0) return ok("conversations", "none is split over two sessions");
  const keys = splits.slice(0, 3).map(({ key }) => key);
  return warn(
    "conversations",
    `${splits.length} split over two sessions or more: ${keys.join(", ")}`,
    "let whatever writes to them use one key; `openclaw resumes doctor --json` names the sessions and their transcripts",
  );
}

function continuity({ host, settings, pluginId }: Installation): Finding {
  if (settings === undefined) return ok("continuity", "not known: the settings are wrong");
  const { enabled, reasons, maxMessages, maxChars } = settings.continuity;
  if (!enabled) return ok("continuity", "off");
  const missing = missingPermission(host.config(), pluginId);
  if (missing !== undefined) {
    const found = "enabled, but not permitted: no conversation is carried over";
    return warn("continuity", found, `set ${missing.path} to ${missing.value} and restart`);
  }
  return ok("continuity", `on after ${reasons.join(", ")}: at most ${maxMessages} messages and ${maxChars} characters`);
}

function ownRecord({ records, recordLost }: Installation): Finding {
  const damaged = records.filter(({ damage }) => damage !== undefined).length;
  const rebuilt = "nothing: it is rebuilt from the sessions at a start; look after the disk";
  if (recordLost !== undefined) return warn("record", recordLost, rebuilt);
  if (damaged > 0) return warn("record", `${damaged} damaged`, "`openclaw resumes resume <key>` or `discard <key>`");
  return ok("record", "intact");
}

function staleClaims({ host, records, version }: Installation): Finding {
  const agentIds = new Set(listAgentIds(host.config()));
  const open = records.filter((record) => isOpen(record) && record.phase !== "released");
  const vanished = open.filter(
    ({ agentId, sessionKey }) => !agentIds.has(agentId) || readRow(host, agentId, sessionKey) === undefined,
  );
  const foreign = open.filter(({ pluginVersion }) => pluginVersion !== undefined && pluginVersion !== version);
  const keysOf = (few: readonly ResumeRecord[]) =>
    few
      .slice(0, 3)
      .map(({ sessionKey }) => sessionKey)
      .join(", ");
  if (vanished.length > 0) {
    const found = `${vanished.length} claimed sessions are gone: ${keysOf(vanished)}`;
    return warn("claims", found, "`openclaw resumes discard <key>`");
  }
  if (foreign.length > 0) {
    const found = `${foreign.length} sessions were claimed by another version: ${keysOf(foreign)}`;
    return warn("claims", found, "`openclaw resumes resume <key>` or `discard <key>`");
  }
  return ok("claims", `${open.length} sessions claimed, all of them there`);
}
