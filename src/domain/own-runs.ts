/** With this the ids of our runs begin: so an answer of ours is known again, whichever attempt has written it. */
const PREFIX = "resume-";

/** The id of a run of ours, made of something that is used once. */
export const ownRunId = (unique: string): string => `${PREFIX}${unique}`;

/** Whether a run is one of ours. */
export const isOwnRun = (runId: string): boolean => runId.startsWith(PREFIX);
