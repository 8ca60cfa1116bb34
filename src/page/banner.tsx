import { time } from "../cli/text.ts";
import { ago } from "./brake-list.ts";
import type { Known } from "./feed.ts";
import { visible } from "./visible.ts";

/** Says when what is shown is not what is. */
export function Banner({ known, clockMs }: { readonly known: Known; readonly clockMs: number }) {
  const { connection, view } = known;
  const text = textOf(known);
  const isOld = view !== null && (connection === "gone" || connection === "unavailable");
  return (
    <section class="banners" aria-label="Connection to the gateway">
      <div role="status">
        {text !== null && (
          <p class={connection === "loading" ? "banner" : "banner bad"}>
            <strong>{text}</strong>
          </p>
        )}
      </div>
      {isOld && (
        // Outside the live region: it changes every second.
        <p>
          What you see is from {time(view.atMs)}, {ago(known.viewAtMs, clockMs)} ago. The page goes on by itself.
        </p>
      )}
    </section>
  );
}

function textOf({ connection, message, view }: Known): string | null {
  const said = message === null ? "" : visible(message);
  if (connection === "loading") return "Asking the gateway\u2026";
  if (connection === "unavailable") {
    return `The gateway answers, but not with this page's data${said === "" ? "." : `: ${said}`}`;
  }
  if (connection !== "gone") return null;
  return view === null
    ? "The gateway does not answer yet. Trying every 2 seconds."
    : "The gateway is gone: it does not answer. Trying every 2 seconds.";
}
