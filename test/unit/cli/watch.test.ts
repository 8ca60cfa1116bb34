import { describe, expect, it } from "vitest";
import { EXIT, Failure } from "../../../src/cli/failure.ts";
import { type Answer, FakeTerminal, run } from "./harness.ts";
import { queued, statusView, totals } from "./sample-views.ts";

const down = new Failure(EXIT.unreachable, "gateway-unreachable", "the gateway is not reachable (closed)");
const missing = new Failure(EXIT.failed, "plugin-not-running", "the plugin is not running");

/** Gives these answers one after the other; Ctrl-C comes while it waits after the last. */
async function watch(answers: readonly unknown[], over: Partial<FakeTerminal> = {}, argv: readonly string[] = []) {
  const terminal = Object.assign(new FakeTerminal(), over);
  const left = [...answers];
  const answer: Answer = () => {
    const next = left.shift();
    if (next instanceof Error) throw next;
    return next;
  };
  const sleep = terminal.sleep.bind(terminal);
  terminal.sleep = async (ms) => {
    if (left.length === 0) terminal.interrupt();
    await sleep(ms);
  };
  return { ...(await run(["status", "--watch", ...argv], { answer, terminal })), sleeps: terminal.sleeps };
}

const half = statusView({ totals: totals({ admit: 2 }, { completed: 1 }) });
const whole = statusView({ totals: totals({ admit: 2 }, { completed: 2 }) });

describe("openclaw resumes status --watch", () => {
  it("shows block after block with the progress, and ends well on Ctrl-C", async () => {
    const { stdout, sleeps, exitCode } = await watch([half, whole]);
    expect(stdout).toMatch(/1 of 2 finished \(50 %\)\n\n[^]*2 of 2 finished \(100 %\)\n\n$/);
    expect(stdout).not.toContain("\u{1b}");
    expect([sleeps, exitCode]).toEqual([[2000, 2000], 0]);
  });

  it("refreshes in place on a terminal", async () => {
    const { stdout } = await watch([half, whole], { interactive: true });
    expect(stdout.split("\u{1b}[H")).toHaveLength(3);
    expect(stdout.endsWith("(100 %)\u{1b}[K\n\u{1b}[J\u{1b}[?7h")).toBe(true);
  });

  it("keeps the progress in view on a low terminal", async () => {
    const queue = Array.from({ length: 15 }, (_, at) => queued({ position: at + 1 }));
    const { stdout } = await watch([{ ...half, queue }], { interactive: true, rows: 10 });
    expect(stdout.split("\n")).toHaveLength(10);
    expect(stdout).toContain("...\u{1b}[K\n[");
  });

  it("waits for a gateway that is restarting", async () => {
    const { stdout, exitCode } = await watch([half, down, missing, whole]);
    expect(stdout).toContain("the gateway is not reachable (closed), retrying");
    expect(stdout).toContain("the plugin is not running, retrying");
    expect(stdout).toContain("2 of 2 finished");
    expect(exitCode).toBe(0);
  });

  it("leaves the last screen up meanwhile", async () => {
    const { stdout } = await watch([half, down], { interactive: true });
    const last = stdout.split("\u{1b}[H").at(-1)!;
    expect(last).toContain("Queued: 0");
    expect(last).toContain("not reachable (closed), retrying");
    expect(last).not.toContain("finished");
  });

  it("prints one document a line with --json", async () => {
    const { stdout } = await watch([half, down, whole], { interactive: true }, ["--json"]);
    const documents = stdout.trimEnd().split("\n");
    expect(documents.map((line) => JSON.parse(line) as unknown)).toEqual([
      half,
      { ok: false, error: { type: "gateway-unreachable", message: down.message } },
      whole,
    ]);
  });

  it("takes its interval from --interval", async () => {
    expect((await watch([half], {}, ["--interval", "0.5"])).sleeps).toEqual([500]);
  });

  it("gives up on what a restart does not cure", async () => {
    const forbidden = new Failure(EXIT.forbidden, "not-allowed", "missing scope: operator.read");
    const { stderr, exitCode, sleeps } = await watch([half, forbidden]);
    expect([stderr, exitCode, sleeps]).toEqual(["error: missing scope: operator.read\n", 4, [2000]]);
  });

  it("ends at once when Ctrl-C comes while it asks", async () => {
    const terminal = new FakeTerminal();
    const answer: Answer = (_method, _params, _connection, signal) =>
      new Promise((_resolve, reject) => {
        signal!.addEventListener("abort", () => reject(new Error("aborted")));
        terminal.interrupt();
      });
    const { stdout, stderr, exitCode } = await run(["status", "--watch"], { answer, terminal });
    expect([stdout, stderr, exitCode]).toEqual(["", "", 0]);
  });
});
