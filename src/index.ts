import { definePluginEntry } from "openclaw/plugin-sdk/plugin-entry";
import { metricsHandler } from "./host/metrics-route.ts";
import { ResumeService } from "./host/service.ts";

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
    if (api.registrationMode !== "full") return;
    const service = new ResumeService(api);
    api.registerService({
      id: "resume-scheduler",
      start: (context) => service.start(context),
      stop: () => service.stop(),
    });
    api.on("gateway_start", (_event, context) => service.gatewayStarted(context.abortSignal));
    api.on("message_received", (event, context) => service.messageReceived(event.sessionKey ?? context.sessionKey));
    api.registerHttpRoute({
      path: "/plugins/resume-scheduler/metrics",
      auth: "gateway",
      match: "exact",
      handler: metricsHandler(() => service.registry),
    });
  },
});
