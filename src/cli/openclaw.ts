import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import type { Backend } from "./backend.ts";

/** Runs another command of the host's own command line, by the program that this one was started with. */
export const runOpenclaw: Backend["openclaw"] = async (args, { captured }) => {
  const [program = ""] = process.argv.slice(1);
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ["inherit", captured ? "pipe" : "inherit", "inherit"],
  });
  const ended = Promise.withResolvers<number>();
  child.once("error", ended.reject);
  // Without a code a signal has ended it.
  child.once("close", (code) => ended.resolve(code ?? 1));
  const [exitCode, output] = await Promise.all([ended.promise, child.stdout === null ? "" : text(child.stdout)]);
  return { exitCode, output };
};
