import Type from "typebox";

/**
 * The one source of every setting: its type, range, default and help text.
 *
 * Development-time only. `npm run generate` turns it into `schema.generated.ts` (what the plugin loads: TypeBox
 * itself would add 160 ms to every gateway start), `config/schema.json` and the manifest's `configSchema`.
 */
const group = <const Properties extends Record<string, Type.TSchema>>(description: string, properties: Properties) =>
  Type.Partial(Type.Object(properties, { description, additionalProperties: false }));

/** A matcher can take minutes over a glob with many stars or braces. */
const GLOB = String.raw`^(?=.)(?!([^*]*\*){4})(?!([^{]*\{){3})`;
/** `*` stands for anything, `?` for one character, `{a,b}` for one of these. */
const globs = (title: string, description: string) =>
  Type.Array(
    Type.String({
      pattern: GLOB,
      maxLength: 512,
      expected: "a glob of 1 to 512 characters with at most 3 stars and 2 braces",
    }),
    {
      maxItems: 1000,
      title,
      description,
      advanced: true,
    },
  );
const scope = (what: string, plural: string) =>
  group(`Which ${plural} are in scope, as globs: "*" is anything, "?" one character, "{a,b}" one of these.`, {
    include: globs(`Only these ${plural}`, `Only sessions whose ${what} matches one of these are in scope.`),
    exclude: globs(`Not these ${plural}`, `Sessions whose ${what} matches one of these are out of scope.`),
  });

export const SettingsSchema = group("Settings of the resume-scheduler plugin.", {
  mode: Type.Enum(["active", "observe", "off"], {
    default: "active",
    title: "Mode",
    description:
      "active: claim and resume interrupted sessions. observe: judge and report them, change nothing. off: do nothing.",
  }),
  filter: group("Which interrupted sessions are resumed.", {
    idleHours: Type.Number({
      default: 1,
      exclusiveMinimum: 0,
      maximum: 8760,
      title: "Idle limit (hours)",
      description: "Hold a session whose last user or transcript activity is longer ago than this.",
    }),
    maxAgeHours: Type.Number({
      default: 120,
      exclusiveMinimum: 0,
      maximum: 87600,
      title: "Age limit (hours)",
      description: "Hold a session that was started longer ago than this.",
    }),
    maxFailures: Type.Integer({
      default: 2,
      minimum: 1,
      maximum: 100,
      title: "Failure limit",
      description: "Hold a session whose last turns ended in this many errors in a row.",
    }),
    agents: scope("agent", "agents"),
    channels: scope("channel", "channels"),
    sessionKeys: scope("key", "session keys"),
    excluded: Type.Enum(["leave", "hold"], {
      default: "leave",
      title: "Sessions out of scope",
      description: "leave: the host recovers them as it would without this plugin. hold: nobody resumes them.",
      advanced: true,
    }),
  }),
  budget: group("What resumes may use.", {
    maxConcurrent: Type.Integer({
      default: 2,
      minimum: 1,
      maximum: 64,
      title: "Slots",
      description: "Resumes that may run at once.",
    }),
    maxPerAgent: Type.Integer({
      advanced: true,
      minimum: 1,
      maximum: 64,
      title: "Slots per agent",
      description: "Resumes of one agent that may run at once. Not set: no limit of its own.",
    }),
    maxPerBoot: Type.Integer({
      default: 100,
      minimum: 0,
      maximum: 100000,
      title: "Resumes per boot",
      description: "Sessions admitted at one boot, newest first. The rest is held.",
    }),
    startIntervalMs: Type.Integer({
      default: 250,
      minimum: 0,
      maximum: 3600000,
      title: "Start interval (ms)",
      description: "Shortest time between two starts of resumes. 0: none.",
      advanced: true,
    }),
    startsPerMinute: Type.Integer({
      default: 30,
      minimum: 0,
      maximum: 100000,
      title: "Starts per minute",
      description: "Resumes that may start in one minute. 0: no limit.",
    }),
    maxTokensPerBoot: Type.Integer({
      minimum: 1,
      maximum: 1e12,
      title: "Tokens per boot",
      description:
        "Tokens that resumes may use after one gateway start, as the host reports them. What is queued then is held. Not set: no limit.",
    }),
    maxCostPerBoot: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1e9,
      title: "Cost per boot (USD)",
      description:
        "What resumes may cost after one gateway start, by the prices in the host's configuration. What is queued then is held. Not set: no limit.",
    }),
    maxEventLoopDelayMs: Type.Integer({
      default: 200,
      minimum: 0,
      maximum: 60000,
      title: "Event loop delay (ms)",
      description: "No resume starts while the gateway's event loop is held up for longer than this. 0: no limit.",
      advanced: true,
    }),
    maxMemoryMb: Type.Integer({
      minimum: 64,
      maximum: 16777216,
      title: "Memory (MiB)",
      description: "No resume starts while the gateway's process uses more memory than this. Not set: no limit.",
      advanced: true,
    }),
  }),
  cooldown: group("How resumes treat a model provider that refuses them (rate limit, overload, billing, key).", {
    initialMs: Type.Integer({
      default: 30000,
      minimum: 100,
      maximum: 86400000,
      title: "First cool-down (ms)",
      description: "A provider that refused a resume gets no other for this long; each further refusal doubles it.",
    }),
    maxMs: Type.Integer({
      default: 900000,
      minimum: 100,
      maximum: 86400000,
      title: "Longest cool-down (ms)",
      description: "Where the doubling ends. A provider that asks for longer gets that.",
      advanced: true,
    }),
  }),
  fleet: Type.Object(
    {
      redisUrl: Type.String({
        pattern: String.raw`^(rediss?://.|\$\{[A-Z_][A-Z0-9_]*\}$)`,
        maxLength: 2000,
        expected:
          'a Redis address: "redis://[user:password@]host[:port][/database]", or "rediss://" for TLS; ' +
          "or a secret reference: { source, provider, id }",
        title: "Redis address",
        description: "The Redis that all gateways of the fleet share, as it stands or as a secret reference.",
        sensitive: true,
        secretRef: true,
      }),
      maxConcurrent: Type.Integer({
        minimum: 1,
        maximum: 100000,
        title: "Slots of the fleet",
        description: "Resumes that may run at once in all gateways together.",
      }),
      startsPerMinute: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 1000000,
          title: "Starts per minute, fleet",
          description: "Resumes that all gateways together may start in one minute. Not set: no limit of its own.",
        }),
      ),
      namespace: Type.Optional(
        Type.String({
          default: "openclaw-resumes",
          pattern: "^[A-Za-z0-9_-]{1,64}$",
          title: "Namespace",
          description: "Gateways with the same one share a budget; their settings must agree.",
          advanced: true,
        }),
      ),
      leaseMs: Type.Optional(
        Type.Integer({
          minimum: 6000,
          maximum: 86400000,
          title: "Lease (ms)",
          description:
            "After this time the slot of a gateway that died is free again. Not set: resume.timeoutMs and a minute more.",
          advanced: true,
        }),
      ),
      fallbackConcurrent: Type.Optional(
        Type.Integer({
          default: 1,
          minimum: 0,
          maximum: 64,
          title: "Slots without Redis",
          description: "Resumes that this gateway may run at once while Redis cannot be reached.",
          advanced: true,
        }),
      ),
    },
    { description: "One budget for many gateways, kept in Redis.", additionalProperties: false },
  ),
  lane: group("The low-priority lane.", {
    name: Type.String({
      advanced: true,
      default: "startup-resume",
      pattern: "^(?!(main|cron|cron-nested|subagent|nested)$)[a-z][a-z0-9-]{0,39}$",
      title: "Lane name",
      description: "Name of the host lane of the first slot; the others are called <name>-2, <name>-3 and so on.",
    }),
    quietMs: Type.Integer({
      default: 2000,
      minimum: 0,
      maximum: 600000,
      title: "Quiet time (ms)",
      description: "Resumes start when no user turn has been waiting or running for this long.",
    }),
  }),
  resume: group("One resume.", {
    timeoutMs: Type.Integer({
      default: 60000,
      minimum: 1000,
      maximum: 3600000,
      title: "Time limit (ms)",
      description: "A resume that has not finished after this time is cancelled.",
    }),
    retryDelayMs: Type.Integer({
      advanced: true,
      default: 30000,
      minimum: 0,
      maximum: 3600000,
      title: "Retry delay (ms)",
      description: "A failed or timed-out resume goes back to the queue after this time.",
    }),
    maxAttempts: Type.Integer({
      default: 2,
      minimum: 1,
      maximum: 10,
      title: "Attempts",
      description: "Attempts before a session is held. Preempted ones do not count.",
    }),
    unsafeTail: Type.Enum(["ask", "hold", "full"], {
      default: "ask",
      title: "Turns cut off inside a tool call",
      description:
        "ask: resume without tools; the agent reports and asks. hold: do not resume. full: resume with all tools.",
    }),
  }),
  preemption: group("How users come first.", {
    scope: Type.Enum(["lane", "session"], {
      default: "lane",
      title: "Scope",
      description:
        "lane: a user message anywhere cancels running resumes. session: only one to the session being resumed does.",
    }),
    maxPreemptions: Type.Integer({
      advanced: true,
      default: 3,
      minimum: 0,
      maximum: 1000,
      title: "Preemptions",
      description: "After this many a resume has aged: it may run beside user turns, one such at a time.",
    }),
    maxWaitMs: Type.Integer({
      advanced: true,
      default: 600000,
      minimum: 0,
      maximum: 86400000,
      title: "Longest wait (ms)",
      description: "After waiting this long in the queue a resume has aged.",
    }),
  }),
  notify: Type.Enum(["off", "held"], {
    default: "off",
    title: "Tell the conversation",
    description: "held: one message to a conversation whose interrupted turn is held, instead of silence.",
  }),
  gc: group(
    "How long held sessions are remembered. Only this plugin's record of them goes; rows and transcripts stay.",
    {
      enabled: Type.Boolean({
        default: false,
        title: "Retire held sessions",
        description: "In the lane's quiet time records of sessions that were held for too long are dropped.",
      }),
      heldDays: Type.Number({
        default: 14,
        exclusiveMinimum: 0,
        maximum: 365,
        title: "Held at most (days)",
        description: "A session that was held for longer than this is retired.",
      }),
      errorDays: Type.Number({
        default: 3,
        exclusiveMinimum: 0,
        maximum: 365,
        title: "Held at most after a permanent error (days)",
        description: "The same for one that is held because of an error that a repeat does not cure.",
      }),
    },
  ),
  continuity: group("What the first turn after an idle rollover knows, on hosts that begin a new session id then.", {
    enabled: Type.Boolean({
      default: false,
      title: "Carry conversations over",
      description:
        "The first turn of the new session gets the end of the old conversation as context. Needs hooks.allowConversationAccess.",
    }),
    reasons: Type.Array(Type.Enum(["idle", "daily"]), {
      default: ["idle"],
      minItems: 1,
      maxItems: 2,
      uniqueItems: true,
      title: "After which resets",
      description: "idle: the session was silent for too long. daily: its day was over. Never after /new and /reset.",
      advanced: true,
    }),
    maxMessages: Type.Integer({
      default: 20,
      minimum: 1,
      maximum: 200,
      title: "Messages carried",
      description: "At most so many of the newest messages of user and assistant.",
      advanced: true,
    }),
    maxChars: Type.Integer({
      default: 8000,
      minimum: 200,
      maximum: 100000,
      title: "Characters carried",
      description: "At most so many characters together. A longer newest message loses its beginning.",
      advanced: true,
    }),
    maxAgeHours: Type.Number({
      default: 168,
      exclusiveMinimum: 0,
      maximum: 8760,
      title: "Age limit of the conversation (hours)",
      description: "Nothing is carried when the newest message is older than this.",
      advanced: true,
    }),
  }),
});
