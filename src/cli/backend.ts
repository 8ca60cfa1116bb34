import type { GatewayRpcOpts } from "openclaw/plugin-sdk/gateway-runtime";
import type { DoctorView, GcView, PlanView, RowSurvey, ShowView } from "../operate/views.ts";

/** Who answers the commands. */
export interface Backend {
  /** Asks the running gateway; rejects with a `Failure` when that is what the operator should be told. */
  call(
    method: string,
    params: Record<string, unknown>,
    connection: GatewayRpcOpts,
    signal?: AbortSignal,
  ): Promise<unknown>;
  /** Reads the stores of a gateway that is down. What it throws with a `reason` is a refusal. */
  readonly offline: {
    plan(options: { now: boolean; config?: unknown }): PlanView;
    show(sessionKey: string): ShowView;
    doctor(): DoctorView | Promise<DoctorView>;
    gc(options: { activeKey?: string }): Promise<GcView>;
    rows(options: { activeKey?: string }): RowSurvey;
  };
  /** Runs `openclaw <args>` to its end. What it prints goes where this process prints, or is returned if it is captured. */
  openclaw(args: readonly string[], options: { captured: boolean }): Promise<{ exitCode: number; output: string }>;
}
