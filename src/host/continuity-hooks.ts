import { redactToolPayloadText } from "openclaw/plugin-sdk/logging-core";
import type { OpenClawPluginApi } from "openclaw/plugin-sdk/plugin-entry";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Subject } from "../domain/events.ts";
import { CarryOvers } from "../record/carry-overs.ts";
import { resolveSettings } from "../settings/resolve.ts";
import type { ContinuitySettings } from "../settings/settings.ts";
import { inProcess } from "./in-process.ts";
import { missingPermission } from "./continuity-permission.ts";
import { Continuity, type EndedSession, WAITS_MS } from "./continuity.ts";
import { loadTranscriptEventsSync } from "./sdk.ts";
import { type Enough, readTranscriptEnd, type TranscriptEnd } from "./transcript-tail-file.ts";

/**
 * Registers the hooks of `continuity`, if that is switched on and the host lets this plugin have them: an installation
 * without it must not be warned of permissions that it does not need.
 *
 * Up to 2026.7.1-2 the host takes all of them from the registration of mode `full`; from 2026.8 on it takes those of the
 * prompt from `discovery`. So they are registered in both.
 */
export function registerContinuity(api: OpenClawPluginApi): void {
  const settings = settingsInForce(api);
  if (settings === undefined) return;
  const { session } = api.runtime.agent;
  const continuity = new Continuity({
    settings,
    store: new CarryOvers(api.runtime.state.resolveStateDir()),
    readEnd: (ended, enough) =>
      readEnded(ended, enough, session.resolveStorePath(api.config.session?.store, { agentId: ended.agentId })),
    // Also where the operator has switched off that the log is redacted, and with the operator's own patterns.
    redact: redactToolPayloadText,
    nowMs: Date.now,
    events: () => inProcess.service?.events,
  });
  if (api.registrationMode === "full") {
    api.on("session_end", (event, context) => continuity.sessionEnded(event, context));
  }
  api.on("before_prompt_build", (event, context) => continuity.promptContext(event, context));
  api.on("agent_end", (event, context) => continuity.turnEnded(event, context));
}

/** Nothing where it is off, or must not be on, or the settings are wrong. */
function settingsInForce({ pluginConfig, config, id }: OpenClawPluginApi): ContinuitySettings | undefined {
  const resolved = resolveSettings(pluginConfig);
  if (!resolved.ok || !resolved.settings.continuity.enabled || missingPermission(config, id) !== undefined)
    return undefined;
  return resolved.settings.continuity;
}

/**
 * Forgets, at a start, what waits for longer than a day, and everything where no conversation is carried over (any more).
 * Never throws; of a record that cannot be read the start that resumes from it tells.
 */
export function sweepCarryOvers(api: OpenClawPluginApi, stateDir: string): void {
  try {
    const isInForce = settingsInForce(api) !== undefined;
    if (!isInForce) inProcess.carryOvers?.clear();
    new CarryOvers(stateDir).deleteBefore(isInForce ? Date.now() - WAITS_MS : Infinity);
  } catch {
    // The next start tries again.
  }
}

/** By the file that the host names, by the host's own reader, or by a file of the session's id. */
function readEnded(ended: EndedSession & Subject, enough: Enough, storePath: string): TranscriptEnd | undefined {
  const { sessionFile, sessionId, agentId, sessionKey } = ended;
  if (sessionFile !== undefined && existsSync(sessionFile)) return readTranscriptEnd(sessionFile, enough);
  if (loadTranscriptEventsSync !== undefined) {
    const events = loadTranscriptEventsSync({ agentId, sessionKey, sessionId, storePath });
    return events.length === 0 ? undefined : { events, bytesRead: 0 };
  }
  const found = newestOf(sessionFile === undefined ? dirname(storePath) : dirname(sessionFile), sessionId);
  return found === undefined ? undefined : readTranscriptEnd(found, enough);
}

/** `<id>.jsonl`, or what the host has renamed it to. */
function newestOf(dir: string, sessionId: string): string | undefined {
  if (!existsSync(dir)) return undefined;
  const isTranscript = (name: string) =>
    name.startsWith(`${sessionId}.jsonl`) || (name.startsWith(`${sessionId}-topic-`) && name.includes(".jsonl"));
  return readdirSync(dir)
    .filter((name) => isTranscript(name) && !name.endsWith(".lock"))
    .map((name) => join(dir, name))
    .toSorted((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs)[0];
}
