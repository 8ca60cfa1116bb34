/** Why a store or an undo is not touched. One word each, that does not change with the wording. */
export type StoreErrorReason =
  | "no-store"
  | "unsafe-path"
  | "too-large"
  | "not-json"
  | "not-an-object"
  | "duplicate-key"
  | "gateway-running"
  | "locked"
  | "changed"
  | "disk-full"
  | "not-possible"
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

const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** What the system said no to, as a `StoreError`; `consequence` says what that means for the stores. */
export function storeErrorOf(error: unknown, consequence: string): StoreError {
  if (error instanceof StoreError)
    return new StoreError(error.reason, `${error.message} (${consequence})`, { cause: error });
  const { code, path, message } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  const where = path === undefined ? "" : `${path}: `;
  if (FULL.has(code)) return new StoreError("disk-full", `${where}the disk is full: ${consequence}`, { cause: error });
  const what = message.replace(/^\w+: /, "").replace(/, \w+( '.*)?$/s, "");
  return new StoreError("not-possible", `${where}${what} (${code}): ${consequence}`, { cause: error });
}
