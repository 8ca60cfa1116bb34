/**
 * How the host names the source of its own recovery turns. Under this name, and only then, it leaves the unanswered
 * message where it stands in the transcript; otherwise it takes it off the active branch and puts it back merged with
 * the prompt half a second later, and a kill in between loses it (seen on 2026.9.6). It also queues the turn behind a
 * user's in the session's lane. Older hosts merge all the same: see `runOnFile` and, for 2026.8.2, standing-message.ts.
 */
export const RECOVERY_SOURCE = "main_session_restart_recovery";
