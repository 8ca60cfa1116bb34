import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/** For tests of what is in files: whether it survives a power failure takes most of the time, and is not asked there. */
export function withoutFsync(): void {
  fs.fsyncSync = () => undefined;
  syncBuiltinESMExports();
}
