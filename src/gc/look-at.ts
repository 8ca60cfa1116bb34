import { lstatSync, realpathSync, type Stats } from "node:fs";

/** What is not there, or can be nowhere: a way through a file, a name that is too long or has a NUL in it. */
const NOWHERE = new Set(["ENOENT", "ENOTDIR", "ENAMETOOLONG", "ELOOP", "ERR_INVALID_ARG_VALUE"]);

/** What a look brings; `undefined` where there is nothing to look at. */
export function unlessNowhere<Value>(look: () => Value): Value | undefined {
  try {
    return look();
  } catch (error) {
    if (NOWHERE.has((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

/** What there is under a name that anybody may have written down; links are not followed. */
export const lookAt = (path: string): Stats | undefined => unlessNowhere(() => lstatSync(path));

/** The way to it without links. */
export const realOf = (path: string): string | undefined => unlessNowhere(() => realpathSync(path));
