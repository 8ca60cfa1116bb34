/** Why a store or an undo is not touched. One word each, that does not change with the wording. */
export type StoreErrorReason =
  | "no-store"
  | "unsafe-path"
  | "unreadable"
  | "too-large"
  | "not-json"
  | "not-an-object"
  | "duplicate-key"
  | "gateway-running"
  | "locked"
  | "changed"
  | "disk-full"
  | "not-written"
  | "config-unreadable"
  | "unknown-undo"
  | "undone-already"
  | "undo-damaged";

/** A store is not touched; the message says which, why, and what would be right. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly reason: StoreErrorReason;

  constructor(reason: StoreErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
