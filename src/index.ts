import { definePluginEntry, type OpenClawPluginApi } from "openclaw/plugin-sdk/plugin-entry";
import { isOwnCommand, statusText } from "./host/chat-command.ts";
import { registerContinuity } from "./host/continuity-hooks.ts";
import { registerGatewayMethods } from "./host/gateway-methods.ts";
import { LazyService } from "./host/lazy-service.ts";
import { registerMetrics } from "./host/metrics-route.ts";
import { registerPage } from "./host/page-route.ts";
import { abortsOwnReset } from "./host/sdk.ts";

/**
 * The plugin entry: wiring only.
 *
 * `register` runs several times in one process; only the `full` one may start anything. What is not needed for that is
 * loaded later.
 */
const plugin: ReturnType<typeof definePluginEntry> = definePluginEntry({
  id: "resume-scheduler",
  name: "Resume Scheduler",
  description: "Resumes interrupted turns on a low-priority lane of their own, so that users never wait for them.",
  register(api) {
    registerCommands(api);
    if (api.registrationMode === "full" || api.registrationMode === "discovery") registerContinuity(api);
    // `openclaw plugins inspect --runtime` loads it as `tool-discovery`, and starts nothing of what it lists.
    if (api.registrationMode !== "full" && api.registrationMode !== "tool-discovery") return;
    const service = new LazyService(api);
    api.registerService({
      id: "resume-scheduler",
      start: (context) => service.start(context),
      stop: () => service.stop(),
    });
    api.on("gateway_start", (_event, context) => service.gatewayStarted(context.abortSignal));
    api.on("message_received", (event, context) => {
      if (!isOwnCommand(event.content)) service.messageReceived(event.sessionKey ?? context.sessionKey);
    });
    if (abortsOwnReset) {
      api.on("session_start", ({ sessionKey, sessionId }) => service.sessionStarted(sessionKey, sessionId));
    }
    registerMetrics(api, (accept) => service.expose(accept));
    registerPage(api, (listener) => service.answer((desk) => desk.watch(listener)));
    registerGatewayMethods(api, (answer) => service.answer(answer));
    api.registerCommand({
      name: "resumes",
      description: "Shows what became of the turns that the last restart cut off.",
      requireAuth: true,
      // On a chat channel that is the owner.
      requiredScopes: ["operator.admin"],
      handler: async () => ({ text: statusText(await service.answer((desk) => desk.status())) }),
    });
  },
});
export default plugin;

/** `openclaw resumes ...`; nothing of it is loaded before it is called. */
function registerCommands(api: OpenClawPluginApi): void {
  api.registerCli(
    async ({ program }) => {
      const { registerCli } = await import("./host/cli.ts");
      await registerCli(program, api);
    },
    {
      descriptors: [
        { name: "resumes", description: "See and steer the resumes after a gateway restart", hasSubcommands: true },
      ],
    },
  );
}
