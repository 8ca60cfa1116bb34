/** What the tests of a model provider that refuses share. */
import { expect } from "vitest";
import type { StatusView } from "../../src/operate/views.ts";
import { type RestartedGateway, USER_MARK } from "./restarted-gateway.ts";
import type { ModelAnswer, ModelRequest } from "./stub-model.ts";

/** Starts are limited by nothing but the cool-down. */
export const AT_ONCE = { lane: { quietMs: 100 }, budget: { maxConcurrent: 2, startIntervalMs: 0, startsPerMinute: 0 } };
export const RATE_LIMITED: ModelAnswer = {
  kind: "error",
  status: 429,
  body: { error: { message: "Rate limit reached for requests", type: "rate_limit_error" } },
};

export const isUsers = ({ lastUserText }: ModelRequest) => lastUserText.includes(USER_MARK);
/** Whatever the host asks for an interrupted chat, its own repeats too: only the prompt of the first is a resume's. */
export const resumesOf = (restarted: RestartedGateway, provider = "stub") =>
  restarted.model.requests.filter((request) => request.provider === provider && !isUsers(request));
export const refusedTimes = (restarted: RestartedGateway) =>
  resumesOf(restarted)
    .filter(({ outcome }) => outcome === "failed")
    .map(({ atMs }) => atMs);
export const cooldowns = async (restarted: RestartedGateway) =>
  (await restarted.gateway.call<StatusView>("resumes.status", {})).cooldowns;

export const expectEachOnce = (restarted: RestartedGateway) =>
  expect(restarted.chats.map((chat) => restarted.repliesTo(chat))).toEqual(
    restarted.chats.map(({ chatId }) => [`Resumed [chat ${chatId}]`]),
  );
