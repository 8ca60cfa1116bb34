import { useMemo } from "preact/hooks";
import { Announcements } from "./announce.tsx";
import { Banner } from "./banner.tsx";
import { TakesCommands } from "./command.tsx";
import { Brakes } from "./brakes.tsx";
import type { Known } from "./feed.ts";
import { Held } from "./held.tsx";
import { gatewayNow, useClock } from "./hooks.ts";
import { Queue } from "./queue.tsx";
import { Running } from "./running.tsx";
import { SettingsInForce } from "./settings.tsx";
import { Summary } from "./summary.tsx";
import { Timeline } from "./timeline.tsx";
import { Verdicts } from "./verdicts.tsx";

/** The page: one answer, then the picture, then every session with its reason. */
export function App({ known }: { readonly known: Known }) {
  const clockMs = useClock();
  const { connection, view, lists } = known;
  const nowMs = gatewayNow(known, clockMs);
  const isOld = connection === "gone" || connection === "unavailable";
  // These change with the data only, not with the clock.
  const picture = useMemo(() => view && <Timeline view={view} />, [view]);
  const verdicts = useMemo(() => view && <Verdicts view={view} />, [view]);
  const settings = useMemo(() => view && <SettingsInForce settings={view.settings} />, [view]);
  return (
    <div
      class={isOld ? "page old" : "page"}
      data-at={view?.atMs ?? ""}
      data-state={view?.state ?? ""}
      data-connection={connection}
    >
      <Banner known={known} clockMs={clockMs} />
      {view === null ? (
        <main>
          <h1 class="unseen">Startup resumes</h1>
        </main>
      ) : (
        <TakesCommands.Provider value={view.takesCommands}>
          <header class="known">
            <Summary view={view} />
          </header>
          <main class="known grid">
            {picture}
            <div class="column">
              <Running running={view.running} nowMs={nowMs} atMs={view.atMs} />
              <Queue count={view.counts.queued} queue={lists?.queue ?? null} view={view} nowMs={nowMs} />
              <Held count={view.counts.held} groups={lists?.held ?? null} nowMs={nowMs} />
            </div>
            <div class="column">
              <Brakes view={view} nowMs={nowMs} />
              {verdicts}
              {settings}
            </div>
          </main>
        </TakesCommands.Provider>
      )}
      <Announcements />
    </div>
  );
}
