import type { PluginRuntime } from "openclaw/plugin-sdk/runtime-store";
import type { Refusal } from "../domain/decisions.ts";
import { faultOf } from "../domain/provider-fault.ts";

type AgentEvent = Parameters<Parameters<PluginRuntime["events"]["onAgentEvent"]>[0]>[0];

/** Who is told about model providers; of every run in the gateway, a user's as well as a resume. */
export interface ProviderListener {
  /** A request is on its way; `provider`: as soon as the host tells. */
  providerAsked(runId: string, provider?: string): void;
  /** `isOld`: it is the answer to a request that the provider had before it last refused, and says nothing of now. */
  providerAnswered(runId: string, provider: string, isOld: boolean): void;
  /** `isAboutToRepeat`: the host will make the same request again. */
  providerRefused(runId: string, refusal: Refusal, isAboutToRepeat: boolean): void;
}

/** What the host says of a run; 2026.6.5 tells no session of one that a plugin has started. */
interface RunRef {
  readonly runId: string;
  readonly sessionKey: string | undefined;
}

/** The newest request of a run. */
interface Asked {
  /** Its place in the order of all requests. */
  readonly nth: number;
  /** Undefined until its answer begins. */
  provider: string | undefined;
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
  readonly #expectedOf: (run: RunRef) => string | undefined;
  readonly #stop: () => void;
  /** By run id, until the run ends. */
  readonly #asked = new Map<string, Asked>();
  #requests = 0;
  /** How many requests had been made when a provider last refused: an answer to one of those says nothing any more. */
  readonly #refusedAt = new Map<string, number>();

  /** `expectedOf`: which provider a run will ask, for hosts before 2026.8: they name none while it runs. */
  constructor(
    events: PluginRuntime["events"],
    listener: ProviderListener,
    expectedOf: (run: RunRef) => string | undefined,
  ) {
    this.#listener = listener;
    this.#expectedOf = expectedOf;
    this.#stop = events.onAgentEvent((event) => this.#onAgentEvent(event));
  }

  stop(): void {
    this.#stop();
  }

  #onAgentEvent(event: AgentEvent): void {
    if (event.stream === "lifecycle") this.#onLifecycle(event);
    else if (event.stream === "run_status") this.#onRetry(event);
    else if (isAnswer(event)) this.#answered(event);
  }

  #onLifecycle(event: AgentEvent): void {
    const { runId, data } = event;
    const { phase, provider, errorObservation, error } = data;
    if (phase === "start") {
      // The request follows at once. The host names the provider when the first byte of the answer is there (2026.9.6).
      this.#newRequest(runId);
      this.#listener.providerAsked(runId);
    } else if (phase === "model" && typeof provider === "string") {
      const asked = this.#asked.get(runId);
      // One that has been answered asks again, after its tools.
      const isSame = asked?.answered === false && (asked.provider ?? provider) === provider;
      (isSame ? asked : this.#newRequest(runId)).provider = provider;
      this.#listener.providerAsked(runId, provider);
    } else if (phase === "finishing" || phase === "end") {
      if (errorObservation === undefined && error === undefined) this.#answered(event);
      else this.#refused(runId, errorObservation);
    }
    if (phase === "end" || phase === "error") this.#asked.delete(runId);
  }

  #newRequest(runId: string): Asked {
    const asked = { nth: (this.#requests += 1), provider: undefined, answered: false };
    this.#asked.set(runId, asked);
    return asked;
  }

  /** Once for each request: answers are streamed. */
  #answered({ runId, sessionKey }: AgentEvent): void {
    const asked = this.#asked.get(runId);
    if (asked === undefined || asked.answered) return;
    asked.provider ??= this.#expectedOf({ runId, sessionKey });
    if (asked.provider === undefined) return;
    asked.answered = true;
    const isOld = asked.nth <= (this.#refusedAt.get(asked.provider) ?? 0);
    this.#listener.providerAnswered(runId, asked.provider, isOld);
  }

  #refused(runId: string, observation: unknown): void {
    const { provider, failoverReason } = (observation ?? {}) as { provider?: unknown; failoverReason?: unknown };
    const fault = faultOf(failoverReason);
    if (fault === undefined || typeof provider !== "string") return;
    this.#refusedAt.set(provider, this.#requests);
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
