/** Where the project lies. */
import path from "node:path";

/** The repository's root. */
export const PROJECT_ROOT = path.resolve(import.meta.dirname, "../..");
