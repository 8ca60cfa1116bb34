import type { PluginRuntime } from "openclaw/plugin-sdk/runtime-store";
import type { Refusal } from "../domain/decisions.ts";
import { faultOf } from "../domain/provider-fault.ts";

type AgentEvent = Parameters<Parameters<PluginRuntime["events"]["onAgentEvent"]>[0]>[0];

/** Who is told about model providers; of every run in the gateway, a user's as well as a resume. */
export interface ProviderListener {
  /** A request is on its way; `provider`: as soon as the host tells. */
  providerAsked(runId: string, provider?: string): void;
  providerAnswered(provider: string): void;
  /** `isAboutToRepeat`: the host will make the same request again. */
  providerRefused(runId: string, refusal: Refusal, isAboutToRepeat: boolean): void;
}

interface Asked {
  readonly provider: string;
  answered: boolean;
}

/**
 * Sees what model providers do with the requests that are made of them.
 *
 * The host repeats a refused request up to ten times inside the run, and says so each time (2026.9.6): the first refusal is
 * seen when it happens, not when the run ends minutes later.
 */
export class ProviderWatch {
  readonly #listener: ProviderListener;
  readonly #stop: () => void;
  /** What runs have asked, by run id, until they end. */
  readonly #asked = new Map<string, Asked>();

  constructor(events: PluginRuntime["events"], listener: ProviderListener) {
    this.#listener = listener;
    this.#stop = events.onAgentEvent((event) => this.#onAgentEvent(event));
  }

  stop(): void {
    this.#stop();
  }

  #onAgentEvent(event: AgentEvent): void {
    if (event.stream === "lifecycle") this.#onLifecycle(event);
    else if (event.stream === "run_status") this.#onRetry(event);
    else if (isAnswer(event)) this.#answered(event.runId);
  }

  #onLifecycle({ runId, data }: AgentEvent): void {
    const { phase, provider, errorObservation, error } = data;
    if (phase === "start") {
      // The request follows at once. The host names the provider when the first byte of the answer is there (2026.9.6).
      this.#listener.providerAsked(runId);
    } else if (phase === "model" && typeof provider === "string") {
      this.#asked.set(runId, { provider, answered: false });
      this.#listener.providerAsked(runId, provider);
    } else if (phase === "finishing" || phase === "end") {
      if (errorObservation === undefined && error === undefined) this.#answered(runId);
      else this.#refused(runId, errorObservation);
    }
    if (phase === "end" || phase === "error") this.#asked.delete(runId);
  }

  /** Once for each request: answers are streamed. */
  #answered(runId: string): void {
    const asked = this.#asked.get(runId);
    if (asked === undefined || asked.answered) return;
    asked.answered = true;
    this.#listener.providerAnswered(asked.provider);
  }

  #refused(runId: string, observation: unknown): void {
    const { provider, failoverReason } = (observation ?? {}) as { provider?: unknown; failoverReason?: unknown };
    const fault = faultOf(failoverReason);
    if (fault === undefined || typeof provider !== "string") return;
    this.#listener.providerRefused(runId, { provider, fault, retryAfterMs: 0 }, false);
  }

  /** The host is about to repeat the request, after what the provider asks for at least. */
  #onRetry({ runId, data }: AgentEvent): void {
    const { phase, reason, delayMs } = data;
    const fault = phase === "retrying" ? faultOf(reason) : undefined;
    const provider = this.#asked.get(runId)?.provider;
    if (fault === undefined || provider === undefined) return;
    const retryAfterMs = typeof delayMs === "number" ? delayMs : 0;
    this.#listener.providerRefused(runId, { provider, fault, retryAfterMs }, true);
  }
}

/** The beginning of an answer; before each request the host sends an empty one. */
function isAnswer({ stream, data }: AgentEvent): boolean {
  if (stream === "assistant") return typeof data["text"] === "string" && data["text"] !== "";
  return stream === "thinking" || stream === "tool" || stream === "usage";
}
