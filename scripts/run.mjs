import { spawn } from "node:child_process";
import { constants } from "node:os";

/**
 * Runs a program with our own input and output and resolves to its exit code, 128 + n when signal n ended it.
 * A stop signal goes on to the program, so that whoever waits for us also waits for its clean end.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import("node:child_process").SpawnOptions} [options]
 * @returns {Promise<number>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });

    /** @param {NodeJS.Signals} signal */
    const forward = (signal) => {
      // Ctrl-C in a terminal reaches the whole process group; a second one would make most programs skip their cleanup.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    };
    const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
    const stopForwarding = () => signals.forEach((signal) => process.off(signal, forward));
    signals.forEach((signal) => process.on(signal, forward));

    child.once("error", (error) => {
      stopForwarding();
      reject(error);
    });
    child.once("close", (code, signal) => {
      stopForwarding();
      resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
    });
  });
}
