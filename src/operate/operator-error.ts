import type { RefusalReason } from "./views.ts";

/** A request of the operator's that cannot be carried out; its message says why and what would be right. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
  readonly reason: RefusalReason | "invalid-settings" | "invalid-request" | "not-active" | "busy";

  constructor(reason: OperatorError["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}
