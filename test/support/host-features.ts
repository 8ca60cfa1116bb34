/**
 * What not every host has and tests ask for by name. Found by a look into the host's package, here and nowhere else: no
 * test compares versions.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { makeTempDir, removeTempDir } from "./temp.ts";

/** Each with what a host that lacks it is said not to have, and how it is found. */
const PROBES = {
  "sqlite-sessions": {
    words: "sessions and transcripts in SQLite",
    found: (host) => host.exports("session-store-runtime", "loadTranscriptEventsSync"),
  },
  // What comes with it, in the words of whoever misses it.
  "first-message-kept": {
    words: "a conversation's first message on disk before its answer",
    found: (host) => host.exports("session-store-runtime", "loadTranscriptEventsSync"),
  },
  "silent-runs": {
    words: "runs that write no prompt and no broken-off answer into the transcript",
    found: (host) => host.exports("session-store-runtime", "loadTranscriptEventsSync"),
  },
  "kept-questions": {
    words: "an interrupted question still in mind after its user's next turn, if nothing has resumed it",
    found: (host) => host.mentions(".orphanRepair"),
  },
  "community-invite": {
    words: "an invitation in its Control UI",
    found: (host) => host.hasSetting("gateway", "controlUi", "communityInvite"),
  },
  "guarded-frames": {
    words: "tabs in the Control UI that may read a guarded route",
    found: (host) => host.mentions("requiresGatewayAuth"),
  },
  "opened-sessions": {
    words: "a Control UI that opens a session for a plugin's page",
    found: (host) => host.exports("session-store-runtime", "getConversationSession"),
  },
  // Elsewhere the plugin asks to be told of new sessions.
  "safe-resets": {
    words: "a reset of a session that never ends the turn of the user who asks for it",
    found: (host) => host.exports("session-store-runtime", "getConversationSession"),
  },
  // One that repeats none has nothing to tell: its run ends with the refusal.
  "told-repeats": {
    words: "word of it that it repeats a request inside a run after its provider has refused it",
    found: (host) => host.runs('phase: "retrying"') || !host.runs("same-model retry"),
  },
  "catalog-refresh": {
    words: "a model catalogue that is refreshed",
    found: (host) => host.hasSetting("models", "catalogRefresh"),
  },
  "agent-entries": {
    words: "agents as entries under their ids",
    found: (host) => host.hasSetting("agents", "entries"),
  },
  "plugin-reload": {
    words: "`openclaw plugins reload`",
    found: (host) => host.mentions("plugins.reload"),
  },
  // Elsewhere an installation asks for nothing.
  "capability-consent": {
    words: "an operator's consent to what a plugin declares",
    found: (host) => host.mentions("--accept-capabilities"),
  },
  // Elsewhere what looks for tools soon replaces the registry in which it is written, and every method asks for the most.
  "kept-method-scopes": {
    words: "a plugin's own scopes for its gateway methods for as long as it runs",
    found: (host) => !host.mentions("installStandaloneRegistry("),
  },
  "scope-details": {
    words: "a code of its own for a scope that is missing",
    found: (host) => host.mentions('"MISSING_SCOPE"'),
  },
  "runtime-inspection": {
    words: "an inspection that lists what a plugin registers for its service",
    found: (host) => host.mentions("runtimeInspection"),
  },
  "plugin-trust": {
    words: "a word on who vouches for a plugin",
    found: (host) => host.mentions("origin-path"),
  },
} as const satisfies Record<string, { words: string; found: (host: HostPackage) => boolean }>;

export type HostFeature = keyof typeof PROBES;

/** In an operator's words: "needs ..., which this host has not". */
export const wordsOf = (feature: HostFeature): string => PROBES[feature].words;

/** Finds them; takes about 3 s, because it asks the host for its configuration's schema. */
export function probeFeatures(packageDir: string): HostFeature[] {
  const host = new HostPackage(packageDir);
  return (Object.keys(PROBES) as HostFeature[]).filter((feature) => PROBES[feature].found(host));
}

type SchemaNode = { properties?: Record<string, SchemaNode> };

class HostPackage {
  readonly #dir: string;
  #schema: SchemaNode | undefined;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Whether a module of its plugin SDK exports this name. */
  exports(module: string, name: string): boolean {
    const file = path.join(this.#dir, "dist/plugin-sdk", `${module}.js`);
    return fs.existsSync(file) && new RegExp(`\\b${name}\\b`).test(fs.readFileSync(file, "utf8"));
  }

  /** Whether this stands in the code that runs an agent's turn: for what no interface shows. */
  runs(text: string): boolean {
    return this.#saysIn(/^embedded-agent-.*\.m?js$/, text);
  }

  /** Whether this stands anywhere in its code: the name of a command, an option or a method. */
  mentions(text: string): boolean {
    return this.#saysIn(/\.m?js$/, text);
  }

  #saysIn(files: RegExp, text: string): boolean {
    const dist = path.join(this.#dir, "dist");
    const names = fs.readdirSync(dist).filter((name) => files.test(name));
    return names.some((name) => fs.readFileSync(path.join(dist, name), "utf8").includes(text));
  }

  /** Whether its configuration knows this key. */
  hasSetting(...keys: readonly string[]): boolean {
    this.#schema ??= configSchema(this.#dir);
    let node: SchemaNode | undefined = this.#schema;
    for (const key of keys) node = node?.properties?.[key];
    return node !== undefined;
  }
}

function configSchema(packageDir: string): SchemaNode {
  const home = makeTempDir("host-schema");
  try {
    const schema = execFileSync(process.execPath, [path.join(packageDir, "openclaw.mjs"), "config", "schema"], {
      cwd: home,
      env: { PATH: process.env["PATH"], HOME: home, OPENCLAW_STATE_DIR: home, NO_COLOR: "1" },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 64 * 1024 * 1024,
    });
    return JSON.parse(schema) as SchemaNode;
  } finally {
    removeTempDir(home);
  }
}
