/**
 * What a resumed turn is told.
 *
 * The interrupted message is already in the transcript; the host quotes it as "context only" beneath our prompt, so the
 * prompt has to say that it is still to be answered (seen on the real host, 2026.9.6).
 */
export function resumePrompt(tail: "unanswered" | "unsafe", withTools: boolean): string {
  const parts = [
    "[System] Your previous turn in this conversation was interrupted by a gateway restart.",
    "The user's last message has not been answered: answer it now. It stands above in this conversation, even where it is marked as queued or as context only. Do not ask the user to repeat it.",
    "Check the current state first. Repeat no action whose result is unknown: treat a missing or interrupted tool result as an action that may have happened.",
  ];
  if (tail === "unsafe" && !withTools) {
    parts.push(
      "You have no tools in this turn, because the interrupted turn was in the middle of using one. Tell the user what you were doing, what may or may not have happened, and ask before going on.",
    );
  }
  return parts.join(" ");
}
