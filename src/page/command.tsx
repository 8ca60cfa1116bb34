import { createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import { shorten } from "../cli/text.ts";
import { announce } from "./announce.tsx";
import { copy } from "./copy.ts";

const COPIED = "Copied";
const BY_HAND = "Press Ctrl+C to copy";
/** A longer one is shown with its middle left out; what is copied is all of it. */
const LONGEST = 400;

interface CommandProps {
  /** Which command it is, e.g. `hold`. */
  readonly name: string;
  readonly label: string;
  readonly command: string;
}

/** Whether the gateway has a lane that commands can change. */
export const TakesCommands = createContext(true);

/** One that changes the lane; not shown where it could not. */
export const LaneCommand = (props: CommandProps) => (useContext(TakesCommands) ? <Command {...props} /> : null);

/** A command to be run elsewhere: this page changes nothing. */
export function Command({ name, label, command }: CommandProps) {
  const shown = useRef<HTMLElement>(null);
  const [said, setSaid] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSaid(""), 3000);
    return () => clearTimeout(timer);
  }, [said]);
  const onCopy = async () => {
    const isCopied = await copy(command);
    if (!isCopied && shown.current !== null) getSelection()?.selectAllChildren(shown.current);
    const text = isCopied ? COPIED : BY_HAND;
    setSaid(text);
    announce(text);
  };
  const isLong = command.length > LONGEST;
  return (
    <div class="command">
      <p class="command-label">
        {label}
        {isLong && " (shortened here; copied in full)"}
      </p>
      <div class="command-line">
        <code ref={shown} dir="ltr" data-command={name}>
          {isLong ? shorten(command, LONGEST) : command}
        </code>
        <button type="button" aria-label={`Copy the command: ${label}`} onClick={() => void onCopy()}>
          {said === COPIED ? COPIED : "Copy"}
        </button>
      </div>
      {said === BY_HAND && <p class="small">{BY_HAND}</p>}
    </div>
  );
}
