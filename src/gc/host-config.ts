import { readFileSync } from "node:fs";
import { join } from "node:path";
import JSON5 from "json5";
import type { DmScope, KeyRules } from "../domain/conversation.ts";
import { StoreError } from "./store-error.ts";

/** What the host's configuration says of session keys and stores. */
export interface HostConfig {
  readonly keyRules: KeyRules;
  /** `session.store`, where it is set: stores are then elsewhere. */
  readonly store: string | undefined;
}

const DM_SCOPES: readonly unknown[] = ["main", "per-peer", "per-channel-peer", "per-account-channel-peer"];

/**
 * Reads the file given with `--config`, or the state directory's `openclaw.json`. `dmScopeNeeded`: throws a `StoreError` when
 * it cannot be told for certain what `session.dmScope` is; what else cannot be read is the host's default.
 */
export function readHostConfig(
  stateDir: string,
  { file, dmScopeNeeded }: { readonly file?: string | undefined; readonly dmScopeNeeded: boolean },
): HostConfig {
  const path = file ?? join(stateDir, "openclaw.json");
  const unsure = (why: string) => {
    const message = `${path} ${why}, so it cannot be told whether session.dmScope is "main": correct it, or name the file with --config`;
    return new StoreError("config-unreadable", message);
  };
  const config = parsed(path, file !== undefined || dmScopeNeeded ? unsure : undefined);
  const session = asObject(config["session"]);
  const dmScope = session["dmScope"] ?? "main";
  if (dmScopeNeeded) {
    const includes = [config, session].some((part) => Object.hasOwn(part, "$include"));
    if (includes && session["dmScope"] === undefined) throw unsure("includes other files");
    if (!DM_SCOPES.includes(dmScope)) throw unsure(`says ${JSON.stringify(dmScope)}`);
    if (hasOtherScopes(config["bindings"])) throw unsure("has bindings with a session.dmScope of their own");
  }
  return {
    store: typeof session["store"] === "string" ? session["store"] : undefined,
    keyRules: {
      mainKey: typeof session["mainKey"] === "string" ? session["mainKey"] : "main",
      globalScope: session["scope"] === "global",
      dmScope: DM_SCOPES.includes(dmScope) ? (dmScope as DmScope) : "main",
      // What is not read here tells nobody's row.
      identityLinks: {},
      adoptsMain: false,
    },
  };
}

/** A binding of a channel or person to an agent can have its direct chats kept apart, whatever the rest does. */
const hasOtherScopes = (bindings: unknown): boolean =>
  Array.isArray(bindings) &&
  bindings.some((binding: unknown) => {
    const { dmScope } = asObject(asObject(binding)["session"]);
    return dmScope !== undefined && dmScope !== "main";
  });

function parsed(path: string, unsure: ((why: string) => StoreError) | undefined): Record<string, unknown> {
  try {
    return asObject(JSON5.parse<unknown>(readFileSync(path, "utf8")));
  } catch (error) {
    if (unsure === undefined) return {};
    const { code, message } = error as NodeJS.ErrnoException;
    throw unsure(code === "ENOENT" ? "is not there" : `cannot be read (${code ?? message})`);
  }
}

const asObject = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
