/** A config that is wrong in one place: what is wrong, the config, and the path that its error must name. */
interface MalformedConfig {
  readonly what: string;
  readonly config: unknown;
  readonly path: string;
}

/** `"a.b"` and 1 make `{ a: { b: 1 } }`. */
const at = (path: string, value: unknown): unknown =>
  path.split(".").reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
const wrong = (what: string, path: string, value: unknown): MalformedConfig => ({
  what: `${path}: ${what}`,
  config: at(path, value),
  path,
});
/** Keys that an object literal would take for something else. */
const parsed = (json: string, path: string): MalformedConfig => ({ what: json, config: JSON.parse(json), path });

const HUGE = "x".repeat(100_000);
const glob = (entry: unknown) => ["ok", entry];

/** More than sixty configs that no gateway may die of. All are JSON. */
export const MALFORMED_CONFIGS: readonly MalformedConfig[] = [
  // The whole of it.
  { what: "a string", config: "active", path: "" },
  { what: "a number", config: 5, path: "" },
  { what: "a truth", config: true, path: "" },
  { what: "a list", config: [{ mode: "active" }], path: "" },
  // Groups that are none.
  wrong("nothing", "filter", null),
  wrong("a list", "budget", []),
  wrong("a word", "lane", "main"),
  wrong("a number", "resume", 60_000),
  wrong("a lie", "preemption", false),
  wrong("a list of globs without a group", "filter.agents", ["a"]),
  wrong("a glob without a group", "filter.channels", "telegram"),
  wrong("nothing", "filter.sessionKeys", null),
  // Unknown keys, among them those that every object has.
  wrong("a typing error", "budget.maxConcurent", 3),
  wrong("a setting in the wrong group", "budget.idleHours", 1),
  wrong("a setting without its group", "maxConcurrent", 3),
  wrong("another case", "Mode", "active"),
  wrong("the resolved form", "filter.idleMs", 3_600_000),
  wrong("a deep one", "filter.agents.only", ["a"]),
  { what: "an empty key", config: { lane: { "": 1 } }, path: "lane." },
  { what: "a dotted key", config: { "budget.maxConcurrent": 3 }, path: "budget.maxConcurrent" },
  { what: "a very long key", config: { [HUGE]: 1 }, path: `${HUGE.slice(0, 77)}...` },
  parsed('{"__proto__": {"mode": "off"}}', "__proto__"),
  parsed('{"constructor": {"prototype": {"polluted": true}}}', "constructor"),
  parsed('{"toString": 1}', "toString"),
  parsed('{"budget": {"__proto__": {"maxConcurrent": 9}}}', "budget.__proto__"),
  parsed('{"filter": {"agents": {"__proto__": {"include": ["a"]}}}}', "filter.agents.__proto__"),
  parsed('{"lane": {"hasOwnProperty": 1}}', "lane.hasOwnProperty"),
  // Words that are none of those that are known.
  wrong("an unknown word", "mode", "on"),
  wrong("another case", "mode", "Active"),
  wrong("a truth", "mode", true),
  wrong("nothing", "mode", null),
  wrong("a list", "mode", ["active"]),
  wrong("a huge word", "mode", HUGE),
  wrong("a word of every object", "mode", "__proto__"),
  wrong("an unknown word", "notify", "all"),
  wrong("a number", "notify", 0),
  wrong("an unknown word", "filter.excluded", "retire"),
  wrong("an unknown word", "resume.unsafeTail", "safe"),
  wrong("an unknown word", "preemption.scope", "agent"),
  // Numbers that are none, or out of range.
  wrong("a number in quotes", "budget.maxConcurrent", "3"),
  wrong("none", "budget.maxConcurrent", 0),
  wrong("half", "budget.maxConcurrent", 1.5),
  wrong("too many", "budget.maxConcurrent", 65),
  wrong("nothing", "budget.maxPerAgent", null),
  wrong("fewer than none", "budget.maxPerBoot", -1),
  wrong("no time at all", "filter.idleHours", 0),
  wrong("a time in words", "filter.idleHours", "1h"),
  wrong("more than can be told apart", "filter.maxAgeHours", 1e308),
  wrong("none", "filter.maxFailures", 0),
  wrong("half a second", "resume.timeoutMs", 500),
  wrong("an object", "resume.retryDelayMs", { seconds: 30 }),
  wrong("a negative time", "lane.quietMs", -1),
  wrong("more than a safe number", "preemption.maxWaitMs", 2 ** 53),
  // Names and globs.
  wrong("the host's own lane", "lane.name", "main"),
  wrong("a line break", "lane.name", "a\nb"),
  wrong("a word", "filter.agents.include", "ops"),
  wrong(
    "too many",
    "filter.channels.exclude",
    Array.from({ length: 1001 }, () => "a"),
  ),
  { what: "a number as a glob", config: at("filter.agents.exclude", glob(7)), path: "filter.agents.exclude[1]" },
  { what: "no glob", config: at("filter.sessionKeys.include", glob(null)), path: "filter.sessionKeys.include[1]" },
  { what: "too many stars", config: at("filter.agents.include", glob("*a*a*a*")), path: "filter.agents.include[1]" },
  { what: "too many braces", config: at("filter.agents.include", glob("{a}{b}{c}")), path: "filter.agents.include[1]" },
  { what: "an empty glob", config: at("filter.channels.include", glob("")), path: "filter.channels.include[1]" },
  { what: "a group as a list", config: at("filter.agents", []), path: "filter.agents" },
  { what: "a huge glob", config: at("filter.sessionKeys.exclude", glob(HUGE)), path: "filter.sessionKeys.exclude[1]" },
];
