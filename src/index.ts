import { definePluginEntry, type OpenClawPluginApi } from "openclaw/plugin-sdk/plugin-entry";
import { isOwnCommand, statusText } from "./host/chat-command.ts";
import { registerContinuity } from "./host/continuity-hooks.ts";
import { registerGatewayMethods } from "./host/gateway-methods.ts";
import { inProcess } from "./host/in-process.ts";
import { metricsHandler } from "./host/metrics-route.ts";
import { ResumeService } from "./host/service.ts";
import { Desk } from "./operate/desk.ts";

/**
 * The plugin entry: wiring only.
 *
 * `register` runs several times in one process; only the `full` one may start anything.
 */
export default definePluginEntry({
  id: "resume-scheduler",
  name: "Resume Scheduler",
  description: "Resumes interrupted turns on a low-priority lane of their own, so that users never wait for them.",
  register(api) {
    registerCommands(api);
    if (api.registrationMode === "full" || api.registrationMode === "discovery") registerContinuity(api);
    if (api.registrationMode !== "full") return;
    const own = new ResumeService(api);
    const running = () => inProcess.service ?? own;
    const desk = new Desk(() => running().office());
    api.registerService({
      id: "resume-scheduler",
      start: (context) => own.start(context),
      stop: () => own.stop(),
    });
    api.on("gateway_start", (_event, context) => running().gatewayStarted(context.abortSignal));
    api.on("message_received", (event, context) => {
      if (!isOwnCommand(event.content)) running().messageReceived(event.sessionKey ?? context.sessionKey);
    });
    api.registerHttpRoute({
      path: "/plugins/resume-scheduler/metrics",
      auth: "gateway",
      // A token's own scopes count, not the writing ones that the host gives every request by default.
      gatewayRuntimeScopeSurface: "trusted-operator",
      match: "exact",
      handler: metricsHandler(() => running().registry),
    });
    registerGatewayMethods(api, (answer) => running().within(() => answer(desk)));
    api.registerCommand({
      name: "resumes",
      description: "Shows what became of the turns that the last restart cut off.",
      requireAuth: true,
      // On a chat channel that is the owner.
      requiredScopes: ["operator.admin"],
      handler: () => ({ text: statusText(desk.status()) }),
    });
  },
});

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
