/** `--keep`: where to look while the gateway stays up. */
import path from "node:path";
import type { Gateway } from "../../test/support/gateway.ts";

export type KeptGateway = { url: string; metricsUrl: string; curl: string; logFile: string; stateDir: string };

export function whereToLook({ url, token, stateDir }: Gateway): KeptGateway {
  const metricsUrl = `${url}/plugins/resume-scheduler/metrics`;
  return {
    url,
    metricsUrl,
    curl: `curl -H 'Authorization: Bearer ${token}' ${metricsUrl}`,
    logFile: path.join(stateDir, "gateway.log"),
    stateDir,
  };
}

export function keptText(kept: KeptGateway): string {
  return (
    `The gateway with the plugin stays up until Ctrl-C.\n  gateway:  ${kept.url}\n  metrics:  ${kept.curl}\n` +
    `  log:      ${kept.logFile}\n  state:    ${kept.stateDir} (removed at the end)`
  );
}
