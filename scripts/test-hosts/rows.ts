/** What an operator gets from the plugin, and the test files (of `test/gateway`) that show it on a real gateway. */

export type Row = {
  /** As in "... works". */
  words: string;
  files: readonly string[];
  /** Why these are run on the newest host only; what they show is the same on each. */
  once?: string;
};

export const ROWS: readonly Row[] = [
  { words: "interrupted chats are resumed below users, each answered once", files: ["hosts", "idle-gateway"] },
  {
    words: "whoever writes comes first: a resume yields, the conversation goes on",
    files: ["users-first", "whose-reply", "not-users"],
  },
  { words: "kills and stops at any moment: one reply each", files: ["kills", "stops", "record"] },
  { words: "the next turn has the whole conversation", files: ["history", "transcript-tails"] },
  { words: "every verdict and its reason", files: ["reasons", "plan", "limits"] },
  {
    words: "held sessions, `openclaw resumes` and `/resumes`",
    files: ["commands", "commands-cli", "chat-command", "held-notice", "scopes"],
  },
  { words: "the page in the Control UI", files: ["page", "page-strangers"] },
  { words: "replies that the channel refuses or puts off", files: ["delivery"] },
  { words: "pace, budgets, providers that refuse", files: ["pace", "spend", "storm", "guards"] },
  { words: "settings: changed while it runs, wrong or malformed", files: ["hot-settings", "malformed"] },
  {
    words: "the host recovers as it would without the plugin when that is off or fails",
    files: ["fail-open", "lacking-host"],
  },
  { words: "metrics", files: ["metrics"] },
  {
    words: "alert rules and dashboard in Prometheus",
    files: ["prometheus"],
    once: "it reads the same metrics of any host",
  },
  { words: "one resume for a conversation under several keys", files: ["conversations"] },
  { words: "retiring what was held for too long (`resumes gc`)", files: ["gc"] },
  { words: "collecting a `sessions.json` while the gateway is down", files: ["gc-old-host"] },
  { words: "`continuity` over an idle reset", files: ["continuity"] },
  { words: "one budget for several gateways (`fleet`)", files: ["fleet", "no-redis"] },
  { words: "the budget in Redis itself", files: ["fleet-redis"], once: "it starts no gateway" },
  { words: "installed from its package", files: ["installed"] },
  { words: "an upgrade from 2026.7.1-2 keeps interrupted and held sessions", files: ["upgrade"] },
];
