/** The programs of a Prometheus installation, and its promtool at work. */
import { type NoProgram, packagedProgram, type Program } from "./debian-packages.ts";
import { runToEnd, type RunResult } from "./processes.ts";

export type PrometheusPrograms = { prometheus: Program; promtool: Program };

/** Those of this machine, or of the Debian package. */
export async function prometheusPrograms(): Promise<PrometheusPrograms | NoProgram> {
  const find = (name: string) =>
    packagedProgram({
      packages: ["prometheus"],
      // Two static programs: what else the package asks for is its web pages.
      withDependencies: false,
      commands: [name],
      file: `usr/bin/${name}`,
    });
  const server = await find("prometheus");
  if ("why" in server) return server;
  const tool = await find("promtool");
  return "why" in tool ? tool : { prometheus: server, promtool: tool };
}

/** Runs promtool to its end. */
export function promtool(
  { promtool: { file, env } }: PrometheusPrograms,
  args: readonly string[],
  options: { stdin?: string; cwd?: string } = {},
): Promise<RunResult> {
  return runToEnd(file, args, { timeoutMs: 30_000, env: { ...process.env, ...env }, ...options });
}
