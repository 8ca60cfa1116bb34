import { useEffect, useState } from "preact/hooks";

let say: (text: string) => void = () => {};

/** Has a screen reader say something. */
export const announce = (text: string): void => say(text);

/** What is said; seen by nobody. */
export function Announcements() {
  const [said, setSaid] = useState({ text: "", turn: 0 });
  useEffect(() => {
    say = (text) => setSaid(({ turn }) => ({ text, turn: turn + 1 }));
    return () => {
      say = () => {};
    };
  }, []);
  // The same words once more are said only if something has changed.
  return (
    <div class="unseen" role="status" aria-live="polite">
      {said.text}
      {said.turn % 2 === 1 ? "\u00a0" : ""}
    </div>
  );
}
