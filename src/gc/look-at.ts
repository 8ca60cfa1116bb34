import { lstatSync, type Stats } from "node:fs";

/** What is not there, or can be nowhere: a way through a file, a name that is too long or has a NUL in it. */
const NOWHERE = new Set(["ENOENT", "ENOTDIR", "ENAMETOOLONG", "ELOOP", "ERR_INVALID_ARG_VALUE"]);

/** What there is under a name that anybody may have written down; links are not followed. */
export function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (NOWHERE.has((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
