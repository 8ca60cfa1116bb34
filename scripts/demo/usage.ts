/** Reads a command line, or ends the process: 0 after the help, 2 on a wrong option. */
import { UsageError } from "./options.ts";

export function optionsOrExit<T extends object>(help: string, read: (args: string[]) => T | "help"): T {
  try {
    const options = read(process.argv.slice(2));
    if (options !== "help") return options;
    process.stdout.write(help);
    return process.exit(0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`error: ${error.message}\n\n${help}`);
    return process.exit(2);
  }
}
