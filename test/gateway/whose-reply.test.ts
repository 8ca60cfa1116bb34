import fs from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { answer, RestartedGateway, resumesHang, USER_MARK } from "../support/restarted-gateway.ts";

/** One transparent pixel. */
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

/** The agent's workspace: hosts before 2026.8 have it in the home folder. */
function workspaceIn(stateDir: string): string {
  const places = ["workspace", "home/.openclaw/workspace"].map((place) => path.join(stateDir, place));
  return places.find((place) => fs.existsSync(place)) ?? places[0]!;
}

it("what others write into a transcript is not taken for the answer", { tags: "long" }, async () => {
  await using restarted = await RestartedGateway.start({ behaviour: resumesHang });
  await restarted.waitForResumes(2);
  const notice = { channel: "telegram", to: "101", sessionKey: restarted.chat(101).sessionKey, message: "Backup done" };
  await restarted.gateway.call("send", { ...notice, idempotencyKey: "notice-1" });
  await restarted.gateway.call("chat.inject", {
    sessionKey: restarted.chat(102).sessionKey,
    message: "Operator's note",
  });
  restarted.model.behaviour = answer;
  restarted.model.release(answer);
  await restarted.waitForReplies(1, 60_000);
  const texts = (chatId: number) => restarted.botApi.answers(chatId).map(({ text }) => text);
  expect(texts(101)).toEqual(["Backup done", "Resumed [chat 101]"]);
  expect(texts(102)).toEqual(["Resumed [chat 102]"]);
});

it("a resumed reply brings its media along, as an ordinary one does; what is not there costs no words", async () => {
  await using restarted = await RestartedGateway.start({ behaviour: resumesHang });
  await restarted.waitForResumes(2);
  fs.writeFileSync(path.join(workspaceIn(restarted.stateDir), "chart.png"), Buffer.from(PNG, "base64"));
  restarted.model.behaviour = ({ chat }) => {
    const file = chat === 102 ? "missing.png" : "chart.png";
    return { kind: "reply", text: `Here [chat ${chat}]\nMEDIA:./${file}` };
  };
  restarted.model.release(restarted.model.behaviour);
  await restarted.waitForMetric('outcomes_total{outcome="completed"}', (value) => value === 8, 60_000);
  const atMs = restarted.botApi.userSays({ chatId: 900, text: `Draw ${USER_MARK} [chat 900]` });
  await restarted.botApi.waitForReply(900, { afterMs: atMs, timeoutMs: 20_000 });
  const methods = (chatId: number) =>
    restarted.botApi.calls.filter((call) => call.chatId === String(chatId)).map(({ method }) => method);
  const visible = (chatId: number) => methods(chatId).filter((method) => method !== "sendChatAction");
  expect(visible(900)).toContain("sendPhoto");
  expect(visible(101)).toEqual(visible(900));
  const words = "Here [chat 102]\n⚠️ missing.png: this file could not be sent.";
  expect(restarted.botApi.answers(102).map(({ text }) => text)).toEqual([words]);
});

it("a gateway that is about to restart by itself costs no resume an attempt", { tags: "long" }, async () => {
  await using restarted = await RestartedGateway.start({
    behaviour: resumesHang,
    settings: { resume: { maxAttempts: 1 } },
  });
  await restarted.waitForResumes(2);
  // An edit that needs a restart: the host restarts in process at the first moment without a turn. A resume that starts
  // just then is refused; whether one does is a matter of milliseconds, so only what must hold either way is asserted.
  const file = path.join(restarted.stateDir, "openclaw.json");
  const config = JSON.parse(fs.readFileSync(file, "utf8")) as { gateway: { controlUi: object } };
  config.gateway.controlUi = { ...config.gateway.controlUi, basePath: "/elsewhere" };
  fs.writeFileSync(file, JSON.stringify(config, null, 2));
  await restarted.gateway.waitForLog(/requires gateway restart/, 30_000);
  restarted.model.behaviour = answer;
  restarted.model.release(answer);
  await restarted.waitForReplies(1, 90_000);
  expect(restarted.log().filter(({ outcome }) => outcome === "held")).toEqual([]);
  const replies = restarted.chats.map((chat) => restarted.repliesTo(chat));
  expect(replies).toEqual(restarted.chats.map(({ chatId }) => [`Resumed [chat ${chatId}]`]));
});
