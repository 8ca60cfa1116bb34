/** The incident: a resumed turn gets no answer from the model for a long time, a user's turn gets one at once. */
import { answer } from "../../test/support/restarted-gateway.ts";
import type { ModelBehaviour, StubModel } from "../../test/support/stub-model.ts";

/** How long a resumed turn hangs, milliseconds. */
export const HANG_MS = 300_000;

/** The model to give it to is known only after the gateway's start: hence a function. */
export function resumesHangAt(model: () => StubModel): ModelBehaviour {
  return (request) => {
    if (!request.isResume) return answer(request);
    setTimeout(() => model().release(answer, (hanging) => hanging === request), HANG_MS).unref();
    return { kind: "hang" };
  };
}

/** From now on every request is answered, those that hang at once. */
export function answerAgain(model: StubModel): void {
  model.behaviour = answer;
  model.release(answer);
}
