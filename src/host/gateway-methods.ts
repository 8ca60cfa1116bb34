import type { OpenClawPluginApi } from "openclaw/plugin-sdk/plugin-entry";
import type { Desk } from "../operate/desk.ts";
import { OperatorError } from "../operate/operator-error.ts";
import type { Action } from "../operate/views.ts";

type Params = Readonly<Record<string, unknown>>;
type Handler = Parameters<OpenClawPluginApi["registerGatewayMethod"]>[1];
type Scope = "operator.read" | "operator.write" | "operator.admin";

interface Method {
  readonly scope: Scope;
  /** More than `scope`, where some params need it. */
  readonly demands?: (params: Params) => Scope | undefined;
  readonly answer: (desk: Desk, params: Params) => unknown;
}

const act = (action: Action): Method => ({
  scope: "operator.write",
  answer: (desk, params) => desk.actions.one(action, keyOf(params)),
});

/** What the gateway answers under `resumes.*`: reading, changing one session, changing the whole lane. */
const METHODS: Readonly<Record<string, Method>> = {
  status: { scope: "operator.read", answer: (desk) => desk.status() },
  page: {
    scope: "operator.read",
    answer: (desk, params) => (flag(params, "lists") ? desk.pageLists() : desk.page()),
  },
  plan: {
    scope: "operator.read",
    answer: (desk, params) =>
      desk.plan({ now: flag(params, "now"), ...("config" in params ? { config: params["config"] } : {}) }),
  },
  show: { scope: "operator.read", answer: (desk, params) => desk.show(keyOf(params)) },
  doctor: { scope: "operator.read", answer: (desk) => desk.doctor() },
  gc: {
    scope: "operator.read",
    demands: (params) => (params["apply"] === true ? "operator.write" : undefined),
    answer: (desk, params) =>
      desk.gc({
        apply: flag(params, "apply"),
        ...("activeKey" in params ? { activeKey: keyOf(params, "activeKey") } : {}),
      }),
  },
  resume: {
    scope: "operator.write",
    answer: (desk, params) =>
      either(params, "allHeld") ? desk.actions.resumeAllHeld() : desk.actions.one("resume", keyOf(params)),
  },
  hold: act("hold"),
  discard: act("discard"),
  release: {
    scope: "operator.write",
    demands: (params) => (params["all"] === true ? "operator.admin" : undefined),
    answer: (desk, params) =>
      either(params, "all") ? desk.actions.releaseAll() : desk.actions.one("release", keyOf(params)),
  },
  pause: { scope: "operator.admin", answer: (desk) => desk.actions.pause() },
  unpause: { scope: "operator.admin", answer: (desk) => desk.actions.unpause() },
};

/**
 * Registers `resumes.*`. `serve` runs an answer outside the request's own async context: the host takes no runs that are
 * started inside one.
 */
export function registerGatewayMethods(
  api: Pick<OpenClawPluginApi, "registerGatewayMethod">,
  serve: (answer: (desk: Desk) => unknown) => unknown,
): void {
  for (const [name, { scope, demands, answer }] of Object.entries(METHODS)) {
    const handler: Handler = async ({ params, client, respond }) => {
      const missing = demands?.(params);
      if (missing !== undefined && !isGranted(missing, client?.connect.scopes)) {
        respond(false, undefined, {
          code: "FORBIDDEN",
          message: `missing scope: ${missing}`,
          details: { code: "MISSING_SCOPE", missingScope: missing },
        });
        return;
      }
      try {
        respond(true, await serve((desk) => answer(desk, params)));
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
        const { message, reason } = error;
        respond(false, undefined, { code: "INVALID_REQUEST", message, details: { reason } });
      }
    };
    api.registerGatewayMethod(`resumes.${name}`, handler, { scope });
  }
}

/** Who may do everything may do this, too. */
const isGranted = (scope: Scope, granted: readonly string[] = []): boolean =>
  granted.includes(scope) || granted.includes("operator.admin");

function keyOf(params: Params, name = "key"): string {
  const key = params[name];
  if (typeof key === "string" && key !== "") return key;
  throw new OperatorError("invalid-request", `"${name}" is ${describe(key)}; expected a session key`);
}

/** Whether all are meant; one and all together is neither. */
function either(params: Params, all: string): boolean {
  const wantsAll = flag(params, all);
  if (wantsAll && "key" in params)
    throw new OperatorError("invalid-request", `give either "key" or "${all}", not both`);
  return wantsAll;
}

function flag(params: Params, name: string): boolean {
  const value = params[name] ?? false;
  if (typeof value === "boolean") return value;
  throw new OperatorError("invalid-request", `"${name}" is ${describe(value)}; expected true or false`);
}

const describe = (value: unknown): string =>
  value === undefined ? "missing" : (JSON.stringify(value)?.slice(0, 80) ?? typeof value);
