import { unusable } from "../record/database.ts";
import { RecordStore } from "../record/record-store.ts";
import type { ResumeRecord } from "../domain/record.ts";
import { rowName } from "../domain/session.ts";
import { clockJumps, clockMark, knownJumps } from "../host/clock-watch.ts";
import { retire } from "../host/retire.ts";
import type { ChangeListener } from "../observe/changes.ts";
import { Actions } from "./actions.ts";
import { examine } from "./doctor.ts";
import { activeKeyOf, gcView, longestHeldFirst } from "./gc.ts";
import { findSession } from "./find-session.ts";
import { activeOf, type Office } from "./office.ts";
import { OperatorError } from "./operator-error.ts";
import { pageLists, pageView } from "./page.ts";
import type { PageLists, PageView } from "./page-views.ts";
import { judgeNow, planView, settingsFor } from "./plan.ts";
import { showView } from "./show.ts";
import { splitViews } from "./splits.ts";
import { statusView } from "./status.ts";
import type { DoctorView, GcView, PlanView, ShowView, StatusView } from "./views.ts";

/** Answers and serves the operator of a running gateway. */
export class Desk {
  readonly actions: Actions;
  readonly #office: () => Office;
  /** One is enough for a gateway that has users to serve. */
  #collecting = false;

  constructor(office: () => Office) {
    this.#office = office;
    this.actions = new Actions(office);
  }

  status(): StatusView {
    return statusView(this.#office(), this.#held().all());
  }

  /** What the page in the Control UI shows, but for its lists. */
  page(): PageView {
    return pageView(this.#office(), this.#held());
  }

  pageLists(): PageLists {
    return pageLists(this.#office(), this.#held());
  }

  /** Tells whenever something has changed; the returned function ends it. */
  watch(listener: ChangeListener): () => void {
    return this.#office().changes.listen(listener);
  }

  /** What this boot has said, or what a restart now would say, also with other settings. */
  plan({ now, config }: { readonly now: boolean; readonly config?: unknown }): PlanView {
    const { boot, state, settings, settingsErrors, host, nowMs } = this.#office();
    if (!now && config === undefined) {
      const facts = { of: "boot", source: "gateway", state, atMs: boot?.atMs ?? nowMs() } as const;
      return planView(facts, boot?.verdicts ?? [], settings);
    }
    const by = settingsFor(config, settings, settingsErrors);
    const verdicts = judgeNow(host, by.settings, this.#records(), nowMs());
    return planView({ of: "now", source: "gateway", state: by.state, atMs: nowMs() }, verdicts, by.settings);
  }

  show(sessionKey: string): ShowView {
    const { host, boot, settings, active, nowMs } = this.#office();
    const records = this.#records();
    const found = findSession(sessionKey, host, records);
    return showView(found, {
      host,
      source: "gateway",
      boot: boot?.verdicts ?? [],
      now: settings === undefined ? [] : judgeNow(host, settings, records, nowMs()),
      queue: active?.lane.queue().map(({ resume }) => rowName(resume)) ?? [],
      running: new Set(active?.lane.running().map(({ resume }) => rowName(resume)) ?? []),
      history: active?.records.history.of(found.agentId, found.sessionKey) ?? [],
    });
  }

  async doctor(): Promise<DoctorView> {
    const splits = await splitViews(this.#office().host);
    const office = this.#office();
    return examine({
      ...office,
      splits,
      source: "gateway",
      loadsAtStartup: true,
      fleet: office.active?.permits.fleet,
      records: this.#records(),
      recordLost: office.active === undefined ? unusable(office.host.stateDir) : office.active.records.lost,
    });
  }

  /** Which held sessions were held for too long; with `apply` they are retired, whatever `gc.enabled` says. */
  async gc({ apply, activeKey }: { readonly apply: boolean; readonly activeKey?: string }): Promise<GcView> {
    if (this.#collecting)
      throw new OperatorError("busy", "another `gc` is at work in this gateway: wait for its answer");
    this.#collecting = true;
    try {
      return await this.#gc(apply, activeKey);
    } finally {
      this.#collecting = false;
    }
  }

  async #gc(apply: boolean, named: string | undefined): Promise<GcView> {
    const office = this.#office();
    const { host, active, events, nowMs } = office;
    const { gc } = settingsFor(undefined, office.settings, office.settingsErrors).settings;
    const activeKey = activeKeyOf(named, host, this.#records());
    const asked = { source: "gateway", nowMs: nowMs(), settings: gc, activeKey, host } as const;
    if (active === undefined && !apply) {
      return gcView({ ...asked, held: longestHeldFirst(this.#records()), clockJumps: knownJumps(host.stateDir) });
    }
    const { records } = activeOf(office);
    const facts = { ...asked, held: records.held(), clockJumps: clockJumps(records.facts, clockMark()) };
    if (!apply) return gcView(facts);
    events.emit("asked", { action: "gc" });
    return gcView({ ...facts, retire: (record, reason) => retire(record, reason, { records, events }) });
  }

  #held(): ReturnType<RecordStore["heldList"]> {
    const { active, atRest } = this.#office();
    return active?.records.heldList() ?? atRest().held;
  }

  #records(): readonly ResumeRecord[] {
    const { active, host } = this.#office();
    return active?.records.all() ?? RecordStore.peek(host.stateDir, (store) => store.all(), []);
  }
}
