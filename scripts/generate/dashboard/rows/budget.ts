import type { Row } from "../layout.ts";
import { graph, stat } from "../panels.ts";
import { m } from "../promql.ts";

/** What resumes cost, and who else has a say in when they run. */
export const budget: Row = {
  title: "5. What do resumes cost the provider, the wallet and the fleet?",
  panels: [
    stat({
      title: "Tokens",
      description:
        "How many tokens have resumes used since the restart? What is queued when `budget.maxTokensPerBoot` is reached is held: `openclaw resumes resume <key>` runs one anyway.",
      size: [5, 4],
      steps: ["blue"],
      queries: [{ expr: `sum(${m("spent_tokens")})`, legend: "tokens" }],
    }),
    stat({
      title: "Cost",
      description:
        "What have resumes cost since the restart, in US dollars, by the prices in the gateway's configuration? 0 where it has none. `budget.maxCostPerBoot` limits it.",
      size: [5, 4],
      steps: ["blue"],
      unit: "currencyUSD",
      queries: [{ expr: `sum(${m("spent_dollars")})`, legend: "cost" }],
    }),
    stat({
      title: "Providers that refuse",
      description:
        "Does a model provider refuse (429, overload, billing, key)? Its resumes wait, twice as long each time: `openclaw resumes status` names it and says why. Users of it are served as ever, or told by the host.",
      size: [5, 4],
      steps: ["green", [1, "yellow"]],
      queries: [{ expr: `sum(${m("providers_cooling")})`, legend: "providers" }],
    }),
    stat({
      title: "Fleet",
      description:
        "Do the gateways share one budget? lost: Redis cannot be reached, each gateway goes on by `fleet.fallbackConcurrent`: `openclaw resumes status` says why. 0 where there is no fleet.",
      size: [9, 4],
      steps: ["green", [1, "red"]],
      texts: { 0: { text: "none lost" } },
      queries: [{ expr: `sum(${m("fleet", { state: "lost" })})`, legend: "lost" }],
    }),
    graph({
      title: "Tokens used by resumes",
      description:
        "How fast do resumes use tokens after a restart? Steps: each ends with a run. `openclaw resumes plan` estimates it beforehand.",
      size: [24, 8],
      draws: "steps",
      queries: [{ expr: m("spent_tokens"), legend: "{{instance}}" }],
    }),
  ],
};
