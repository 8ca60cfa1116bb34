/**
 * How the host names the source of its own recovery turns. Under this name, and only then, it leaves the unanswered
 * message where it stands in the transcript; otherwise it takes it off the active branch and puts it back merged with
 * the prompt half a second later, and a kill in between loses it (seen on 2026.9.6). It also queues the turn behind a
 * user's in the session's lane. Hosts before 2026.8 merge all the same: see `runOnFile`.
 */
export const RECOVERY_SOURCE = "main_session_restart_recovery";
