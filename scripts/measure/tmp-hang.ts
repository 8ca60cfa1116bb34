import { answer, RestartedGateway } from "../../test/support/restarted-gateway.ts";
import { waitFor } from "../../test/support/wait.ts";
for (const plugins of [null, undefined] as const) {
  const who = plugins === null ? "HOST ALONE" : "PLUGIN";
  const r = await RestartedGateway.start({ behaviour: answer, ...(plugins === null ? { plugins: null } : {}) });
  r.botApi.fate = (c) => (c.text.includes("Resumed") ? { kind: "hang" } : undefined);
  const find = () => r.botApi.calls.find((c) => c.outcome === "pending" && c.text.includes("Resumed"));
  const pending = await waitFor(find, {
    timeoutMs: 60000,
    what: "pending send",
    lastState: () => r.botApi.describe() + r.model.describe(),
  });
  const n = r.model.requests.length;
  const own = await r.ask(Number(pending.chatId), { timeoutMs: 8000 }).catch((e: Error) => e.message.split("\n")[0]);
  console.log(
    who,
    "own user during hanging delivery:",
    own,
    "| user's request at the model:",
    r.model.requests.slice(n).some((q) => !q.isResume),
  );
  const t = Date.now();
  const s = await r.stop("SIGTERM").then(
    (x) => x.exitMs,
    (e: Error) => e.message.split("\n")[0],
  );
  console.log(who, "SIGTERM during hanging delivery:", s, Date.now() - t);
  console.log(
    r.gateway.log
      .split("\n")
      .filter((l) => /shutdown|drain|stop/i.test(l))
      .slice(-6)
      .map((l) => l.slice(0, 220))
      .join("\n"),
  );
  r.botApi.fate = () => undefined;
  await r.boot();
  await r.waitForReplies(1, 30000).catch((e: Error) => console.log(e.message.split("\n")[0]));
  console.log(who, r.describeReplies().replaceAll("\n", " "));
  if (!plugins)
    console.log(
      r
        .log()
        .filter((l) => [pending.chatId].some((c) => String(l["sessionKey"]).endsWith(c)))
        .map((l) => JSON.stringify(l))
        .join("\n"),
    );
  await r[Symbol.asyncDispose]();
}
process.exit(0);
