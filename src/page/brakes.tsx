import type { PageView } from "../operate/page-views.ts";
import { brakesOf, brakesSummary } from "./brake-list.ts";
import { Command } from "./command.tsx";

/** What keeps resumes from starting, and what lifts it. */
export function Brakes({ view, nowMs }: { readonly view: PageView; readonly nowMs: number }) {
  const brakes = brakesOf(view, nowMs);
  return (
    <section class="card brakes" aria-labelledby="brakes">
      <h2 id="brakes">Fuse and pauses</h2>
      <p>{brakesSummary(brakes, view.state)}</p>
      <ul>
        {brakes.map(({ name, isOn, text, command }, index) => (
          <li key={index} class={isOn ? "brake on" : "brake"}>
            <p>
              <span class="state">{isOn ? "on" : "off"}</span> <strong>{name}</strong>: {text}
            </p>
            {command !== null && <Command name={command.name} label={command.label} command={command.text} />}
          </li>
        ))}
      </ul>
    </section>
  );
}
