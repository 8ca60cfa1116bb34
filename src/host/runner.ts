import type { PluginRuntime } from "openclaw/plugin-sdk/runtime-store";
import { transcriptObjection } from "../domain/admit.ts";
import { errorKind } from "../domain/error-kind.ts";
import { movedOn, wroteAnswer } from "../domain/identify.ts";
import { resumePrompt } from "../domain/prompt.ts";
import type { HeldReason } from "../domain/reasons.ts";
import type { RunningResume } from "../domain/queued-resume.ts";
import type { ReplyPart, ResumeRecord } from "../domain/record.ts";
import { runError } from "../domain/run-error.ts";
import type { RunEnd } from "../domain/decisions.ts";
import type { SessionRow } from "../domain/session.ts";
import type { Usage } from "../domain/spend.ts";
import type { TranscriptFacts } from "../domain/transcript-facts.ts";
import { hostLane } from "../lane/host-lane.ts";
import type { ResumeRunner } from "../lane/resume-lane.ts";
import type { Ledger } from "../record/ledger.ts";
import type { Settings } from "../settings/settings.ts";
import { abortAtCall, withShortLockWait } from "./abort-on-file.ts";
import type { Deliver } from "./delivery.ts";
import { failureReason, isMediaError, isRefusal, refusalOf } from "./host-errors.ts";
import type { HostParts } from "./host-parts.ts";
import { usageOf } from "./model-use.ts";
import { RECOVERY_SOURCE } from "./recovery-source.ts";
import { mediaOf, toPart, withoutMedia } from "./reply-part.ts";
import type { SessionStore } from "./session-store.ts";
import { runOnFile } from "./transcript-file.ts";
import type { Transcripts } from "./transcripts.ts";

type AgentApi = PluginRuntime["agent"];
type RunResult = Awaited<ReturnType<AgentApi["runEmbeddedAgent"]>>;
type HostConfig = NonNullable<Parameters<AgentApi["runEmbeddedAgent"]>[0]["config"]>;

/** The host stops a run by itself this much later than we do: a net beneath our own time limit. */
const HOST_TIMEOUT_MARGIN_MS = 10_000;

export interface HostRunnerOptions {
  readonly agent: Pick<AgentApi, "runEmbeddedAgent" | "resolveAgentWorkspaceDir">;
  readonly config: () => HostConfig;
  readonly storePathOf: HostParts["storePathOf"];
  readonly transcriptFileOf: HostParts["transcriptFileOf"];
  readonly besideMessage: HostParts["besideMessage"];
  readonly sessions: Pick<SessionStore, "get" | "claim" | "finish" | "runContext" | "routeOf">;
  readonly transcripts: Pick<Transcripts, "restored">;
  readonly isLater: HostParts["isLater"];
  readonly deliver: Deliver;
  readonly ledger: Pick<Ledger, "get" | "delivering">;
  /** Those in force when they are asked for. */
  readonly settings: () => Pick<Settings, "lane" | "resume" | "filter">;
  /** Prepares all who watch the session for a turn that is ours; the returned function ends that. */
  readonly expectOwnTurn: (key: string, runId: string) => Promise<() => void>;
}

/** One attempt at a resume, as its steps hand it on. */
interface Attempt {
  readonly resume: RunningResume;
  /** Identifies it to the host's run and to its outbound queue. */
  readonly runId: string;
  readonly signal: AbortSignal;
}

const REPLIED = { kind: "completed", reason: "replied" } as const;

/** Runs resumes as embedded agent turns of the host and hands their replies to its outbound queue. */
export class HostRunner implements ResumeRunner {
  readonly #options: HostRunnerOptions;

  constructor(options: HostRunnerOptions) {
    this.#options = options;
  }

  async run(resume: RunningResume, runId: string, signal: AbortSignal): Promise<RunEnd> {
    let usage: Usage | undefined;
    const end = await this.#run(resume, runId, signal, (meta) => (usage = usageOf(this.#options.config(), meta)));
    return usage === undefined ? end : { ...end, usage };
  }

  /** `onResult` is called with what the host tells of a run that has ended, before its reply is handed over. */
  async #run(
    resume: RunningResume,
    runId: string,
    signal: AbortSignal,
    onResult: (meta: RunResult["meta"]) => void,
  ): Promise<RunEnd> {
    const { ledger, sessions, transcripts } = this.#options;
    const record = ledger.get(resume);
    if (record === undefined) return { kind: "failed", error: "the record of a claimed session is missing" };
    // A reply that is owed keeps the id under which it may have gone out already.
    const owed = record.phase === "delivering" ? record.runId : undefined;
    const attempt: Attempt = { resume, runId: owed ?? runId, signal };
    if (record.reply?.queued === true) return { kind: "completed", reason: "handed-over" };
    if (record.reply !== undefined) return this.#deliver(attempt, record.reply.parts, record.reply.route);

    const row = sessions.get(resume.agentId, resume.sessionKey);
    if (row === undefined) return { kind: "superseded" };
    const facts = await transcripts.restored(row);
    const isLater = this.#options.isLater();
    if (movedOn(record, row, () => facts, isLater)) return { kind: "superseded" };

    const { tail } = facts;
    if (tail.kind === "answered") {
      // From before our first attempt: the user has it. From after it: it is ours to deliver.
      return wroteAnswer(record, tail, isLater)
        ? this.#deliver(attempt, [{ text: tail.text }], sessions.routeOf(row))
        : { kind: "completed", reason: "already-answered" };
    }
    const objection = this.#objection(resume, record, row, facts);
    if (objection !== undefined) return { kind: "held", reason: objection };

    const result = await this.#runTurn(attempt, row, tail.kind);
    if ("kind" in result) {
      await this.#restoreClaim(row);
      return result;
    }
    onResult(result.meta);
    return this.#handOver(attempt, row, result);
  }

  /**
   * What admission could not know of a transcript that is too long to be read at boot. Errors of our own attempts are
   * counted as attempts, and what the operator has asked for is run whatever came before.
   */
  #objection(
    { refusals }: RunningResume,
    record: ResumeRecord,
    row: SessionRow,
    facts: TranscriptFacts,
  ): HeldReason | undefined {
    const { filter, resume } = this.#options.settings();
    const isRequested = record.requestedAtMs !== undefined;
    const pastErrorsCount = record.attempts <= 1 && refusals === 0 && !isRequested;
    const seen = pastErrorsCount ? facts : { ...facts, failures: 0, lastError: undefined };
    const verdict = transcriptObjection(
      { row: pastErrorsCount ? row : { lastRunError: undefined }, transcript: () => seen },
      { maxFailures: filter.maxFailures, holdUnsafeTails: resume.unsafeTail === "hold" && !isRequested },
    );
    return verdict?.reason;
  }

  async #runTurn(
    { resume, runId, signal }: Attempt,
    row: SessionRow,
    tail: "unanswered" | "unsafe",
  ): Promise<RunResult | Extract<RunEnd, { kind: "cancelled" | "refused" | "provider-fault" | "failed" }>> {
    const { agent, config, storePathOf, transcriptFileOf, besideMessage, sessions, settings, expectOwnTurn } =
      this.#options;
    const { lane, resume: limits } = settings();
    const { agentId, sessionKey, sessionId } = row;
    const cfg = config();
    const withTools = tail !== "unsafe" || limits.unsafeTail === "full";
    const ended = await expectOwnTurn(resume.key, runId);
    try {
      const sessionFile = transcriptFileOf(row);
      const prompt = resumePrompt(tail, withTools);
      const result = await agent.runEmbeddedAgent({
        ...sessions.runContext(row),
        prompt,
        agentId,
        sessionKey,
        sessionId,
        // Our prompt is no part of the conversation: a cancelled attempt must leave the transcript as it was.
        suppressNextUserMessagePersistence: true,
        ...(sessionFile === undefined
          ? { sessionTarget: { agentId, sessionKey, sessionId, storePath: storePathOf(agentId) } }
          : runOnFile(sessionFile, prompt)),
        runId,
        lane: hostLane(lane.name, resume.slot),
        timeoutMs: limits.timeoutMs + HOST_TIMEOUT_MARGIN_MS,
        ...(sessionFile === undefined
          ? { abortSignal: signal, config: cfg }
          : { ...abortAtCall(signal), config: withShortLockWait(cfg) }),
        workspaceDir: agent.resolveAgentWorkspaceDir(cfg, agentId),
        // Not "user": such a run first claims the user's heartbeat note, and a cancel in that moment closes the agent's
        // database for the life of the gateway (2026.9.6).
        trigger: "manual",
        inputProvenance: { kind: "internal_system", sourceSessionKey: sessionKey, sourceTool: RECOVERY_SOURCE },
        terminalReplyExpectation: "required",
        // The reply goes out through us, once.
        disableMessageTool: true,
        ...(withTools ? {} : { disableTools: true }),
        ...besideMessage(row, { prompt, signal }),
      });
      return signal.aborted && result.meta.aborted === true ? { kind: "cancelled" } : result;
    } catch (error) {
      if (signal.aborted) return { kind: "cancelled" };
      if (isRefusal(error)) return { kind: "refused" };
      const refusal = refusalOf(error);
      if (refusal !== undefined) return { kind: "provider-fault", ...refusal };
      const { kind, permanent } = failureReason(error);
      const text = kind === "unknown" ? errorKind(error) : `${errorKind(error)}: ${kind}`;
      return { kind: "failed", error: text, permanent };
    } finally {
      ended();
    }
  }

  async #handOver(attempt: Attempt, row: SessionRow, result: RunResult): Promise<RunEnd> {
    const payloads = (result.payloads ?? []).filter(({ isReasoning, isCommentary }) => !isReasoning && !isCommentary);
    // An error reply may quote the conversation; its kind is enough for the log.
    const failed = result.meta.error !== undefined || payloads.some(({ isError }) => isError === true);
    if (failed) {
      const kind = result.meta.error?.kind;
      const { permanent } = runError(kind === "context_overflow" ? "context-overflow" : "unknown");
      return { kind: "failed", error: `the run ended in an error (${kind ?? "error reply"})`, permanent };
    }
    const finished = this.#finish(row);
    const sentByItself = result.didSendViaMessagingTool === true;
    const end = sentByItself ? REPLIED : await this.#reply(attempt, row, payloads);
    await finished;
    return end;
  }

  async #reply(attempt: Attempt, row: SessionRow, payloads: NonNullable<RunResult["payloads"]>): Promise<RunEnd> {
    const { agent, config, sessions, transcriptFileOf } = this.#options;
    // Hosts before 2026.8 look for media only where it is named in full.
    const mediaDir =
      transcriptFileOf(row) === undefined ? undefined : agent.resolveAgentWorkspaceDir(config(), row.agentId);
    const parts = payloads
      .map((payload) => toPart(payload, mediaDir))
      .filter(({ text, mediaUrl, mediaUrls }) => Boolean(text?.trim() || mediaUrl || mediaUrls?.length));
    if (parts.length === 0) return { kind: "completed", reason: "nothing-to-say" };
    return this.#deliver(attempt, parts, sessions.routeOf(row));
  }

  async #deliver(attempt: Attempt, parts: readonly ReplyPart[], route: SessionRow["route"]): Promise<RunEnd> {
    if (route === undefined) return { kind: "completed", reason: "no-route" };
    const { ledger, deliver } = this.#options;
    const { resume, runId } = attempt;
    ledger.delivering(resume, runId, { parts, route });
    // The lane may have settled it meanwhile, and forgotten it.
    const onQueued = () => ledger.get(resume) && ledger.delivering(resume, runId, { parts, route, queued: true });
    try {
      const delivery = await deliver({ ...attempt, parts, route, onQueued });
      return { kind: "completed", reason: delivery === "sent" ? "replied" : delivery };
    } catch (error) {
      if (isMediaError(error) && parts.some((part) => mediaOf(part).length > 0)) {
        // Under a name of its own: the queue can take the other one for taken.
        return await this.#deliver({ ...attempt, runId: `${runId}:words` }, parts.map(withoutMedia), route);
      }
      return { kind: "undelivered", error: errorKind(error) };
    }
  }

  /** A host that tells no session of a run that a plugin has started (2026.6.5) leaves the entry as it was claimed. */
  async #finish(before: SessionRow): Promise<void> {
    try {
      const row = this.#options.sessions.get(before.agentId, before.sessionKey);
      const ours = row?.sessionId === before.sessionId && row.lastInteractionAtMs === before.lastInteractionAtMs;
      if (ours) await this.#options.sessions.finish(row);
    } catch {
      // A mark that nothing goes by: the reply goes out all the same.
    }
  }

  /**
   * A cancelled or failed run can leave its marks on the entry; the host must not take them for an interrupted turn. Once the user
   * has come back the entry is that turn's, and is left alone.
   */
  async #restoreClaim(before: SessionRow): Promise<void> {
    try {
      const row = this.#options.sessions.get(before.agentId, before.sessionKey);
      const ours = row?.sessionId === before.sessionId && row.lastInteractionAtMs === before.lastInteractionAtMs;
      if (ours && row.status === "running") await this.#options.sessions.claim(row);
    } catch {
      // The gateway is stopping: the record is reconciled with the entry at the next boot.
    }
  }
}
