import type { ServiceState } from "../domain/service-state.ts";
import { knownJumps } from "../host/clock-watch.ts";
import { unusable } from "../record/database.ts";
import { RecordStore } from "../record/record-store.ts";
import { resolveSettings } from "../settings/resolve.ts";
import { examine, type Installation } from "./doctor.ts";
import { findSession } from "./find-session.ts";
import { activeKeyOf, gcView, longestHeldFirst, surveyRows } from "./gc.ts";
import { judgeNow, planView, settingsFor } from "./plan.ts";
import { showView } from "./show.ts";
import { splitViews } from "./splits.ts";
import type { DoctorView, GcView, PlanView, RowSurvey, ShowView } from "./views.ts";

/** What a command knows of the installation although the gateway is down. */
export type OfflineParts = Pick<Installation, "pluginId" | "version" | "host" | "loadsAtStartup" | "hostFeatures"> & {
  /** The plugin's settings as they stand in the configuration file. */
  readonly config: unknown;
  readonly nowMs: () => number;
};

/** Reads the stores of a gateway that is down; changes nothing. */
export class Offline {
  readonly #parts: OfflineParts;

  constructor(parts: OfflineParts) {
    this.#parts = parts;
  }

  plan({ now, config }: { readonly now: boolean; readonly config?: unknown }): PlanView {
    const { host, nowMs } = this.#parts;
    if (!now && config === undefined) {
      const { verdicts, atMs } = this.#read((store) => ({
        verdicts: store.verdicts.all(),
        atMs: store.facts.get("bootedAt"),
      })) ?? { verdicts: [], atMs: undefined };
      return planView(
        { of: "boot", source: "store", state: this.#state(), atMs: atMs ?? nowMs() },
        verdicts,
        this.#settings().settings,
      );
    }
    const own = this.#settings();
    const by = settingsFor(config, own.settings, own.errors);
    const records = this.#read((store) => store.all()) ?? [];
    const verdicts = judgeNow(host, by.settings, records, nowMs());
    return planView({ of: "now", source: "store", state: by.state, atMs: nowMs() }, verdicts, by.settings);
  }

  show(sessionKey: string): ShowView {
    const { host, nowMs } = this.#parts;
    const records = this.#read((store) => store.all()) ?? [];
    const found = findSession(sessionKey, host, records);
    const { settings } = this.#settings();
    return showView(found, {
      host,
      source: "store",
      boot: this.#read((store) => store.verdicts.all()) ?? [],
      now: settings === undefined ? [] : judgeNow(host, settings, records, nowMs()),
      queue: [],
      running: new Set(),
      history: this.#read((store) => store.history.of(found.agentId, found.sessionKey)) ?? [],
    });
  }

  async gc({ activeKey }: { readonly activeKey?: string | undefined }): Promise<GcView> {
    const { host, nowMs } = this.#parts;
    const own = this.#settings();
    const records = this.#read((store) => store.all()) ?? [];
    return gcView({
      source: "store",
      nowMs: nowMs(),
      settings: settingsFor(undefined, own.settings, own.errors).settings.gc,
      activeKey: activeKeyOf(activeKey, host, records),
      host,
      held: longestHeldFirst(records),
      clockJumps: knownJumps(host.stateDir),
    });
  }

  /** Of the host's rows, also while the gateway runs. */
  rows({ activeKey }: { readonly activeKey?: string | undefined }): RowSurvey {
    const { host } = this.#parts;
    return surveyRows(host, activeKeyOf(activeKey, host, this.#read((store) => store.all()) ?? []));
  }

  async doctor(): Promise<DoctorView> {
    const records = this.#read((store) => store.all()) ?? [];
    const { errors, settings } = this.#settings();
    const state = this.#state();
    return examine({
      ...this.#parts,
      splits: await splitViews(this.#parts.host),
      source: "store",
      state,
      settingsErrors: errors,
      settings,
      fleet: undefined,
      records,
      recordLost: unusable(this.#parts.host.stateDir),
      messagesSeen: undefined,
    });
  }

  #read<Value>(read: (store: RecordStore) => Value): Value | undefined {
    return RecordStore.peek<Value | undefined>(this.#parts.host.stateDir, read, undefined);
  }

  #settings() {
    const resolved = resolveSettings(this.#parts.config);
    return resolved.ok ? { settings: resolved.settings, errors: [] } : { settings: undefined, errors: resolved.errors };
  }

  #state(): ServiceState {
    return this.#settings().settings?.mode ?? "misconfigured";
  }
}
