import { callGatewayFromCli, type GatewayRpcOpts } from "openclaw/plugin-sdk/gateway-runtime";
import { isRequestError, isTransportError } from "../host/host-errors.ts";
import { EXIT, Failure, refusal } from "./failure.ts";
import { isUnaddressed } from "./invocation.ts";

/** Asks the running gateway. Rejects with a `Failure` that says what the host's error means for the operator. */
export async function callGateway(
  method: string,
  params: Record<string, unknown>,
  connection: GatewayRpcOpts,
  signal?: AbortSignal,
): Promise<unknown> {
  try {
    return await callGatewayFromCli(method, connection, params, {
      progress: false,
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    throw explain(error, connection);
  }
}

/** Close code of a gateway that does not let the caller in. */
const POLICY_VIOLATION = 1008;

/** The host's error in the operator's terms. */
export function explain(error: unknown, connection: GatewayRpcOpts): Failure {
  if (isTransportError(error)) return unreachable(error);
  if (isRequestError(error)) return refused(error, connection);
  const thrown = error instanceof Error ? error : new Error(String(error));
  return /^Gateway(ExplicitAuth|Credentials)Required/.test(thrown.name)
    ? forbidden(firstLine(thrown))
    : new Failure(EXIT.failed, "failed", firstLine(thrown));
}

interface TransportError {
  readonly message: string;
  readonly code?: number;
  readonly connectionDetails: { readonly urlSource: string };
}

function unreachable(error: TransportError): Failure {
  if (error.code === POLICY_VIOLATION) return forbidden(firstLine(error));
  // The host says so in its text only (2026.9.6).
  const sent = error.message.includes("request was already sent");
  const why = firstLine(error).replace(/\.$/, "");
  const message = /not reachable/.test(why) ? why : `Gateway not reachable (${why})`;
  return new Failure(EXIT.unreachable, "gateway-unreachable", message, {
    remedy: sent
      ? "it may have carried out the request all the same; `openclaw resumes status` tells"
      : "start it with `openclaw gateway`, or check --url and --port",
    // A gateway that was asked for by its address, or is configured as remote, keeps its stores elsewhere.
    storeAnswers: /local/.test(error.connectionDetails.urlSource),
  });
}

function refused(
  error: Error & { gatewayCode: string; details?: unknown; retryable: boolean },
  connection: GatewayRpcOpts,
): Failure {
  const message = firstLine(error);
  const { reason, code, missingScope } = (error.details ?? {}) as Record<string, unknown>;
  if (typeof reason === "string" && error.gatewayCode === "INVALID_REQUEST" && code === undefined) {
    return refusal(reason, message);
  }
  if (typeof missingScope === "string") return forbidden(message, `this needs a token with ${missingScope}`);
  if (/^(FORBIDDEN|NOT_PAIRED)$/.test(error.gatewayCode) || /^(AUTH|DEVICE|PAIRING)_/.test(String(code))) {
    return forbidden(message);
  }
  if (message.startsWith("unknown method")) {
    return new Failure(EXIT.failed, "plugin-not-running", "the plugin resume-scheduler is not running in the gateway", {
      remedy: "`openclaw plugins enable resume-scheduler` turns it on; an older version of it has to be updated",
      storeAnswers: isUnaddressed(connection),
    });
  }
  if (error.gatewayCode === "UNAVAILABLE" || error.retryable) {
    return new Failure(EXIT.unreachable, "gateway-unreachable", `Gateway not ready (${message})`, {
      remedy: "try again in a moment",
      storeAnswers: isUnaddressed(connection),
    });
  }
  return new Failure(EXIT.failed, "request-failed", `the gateway answered: ${message}`);
}

/** No address was given: it is this machine's gateway, unless the config says otherwise. */
function forbidden(message: string, remedy = "check --token or --password"): Failure {
  return new Failure(EXIT.forbidden, "not-allowed", message, { remedy });
}

/** The host's messages go on with hints for its own commands. */
const firstLine = (error: { readonly message: string }): string => error.message.split("\n", 1)[0]?.trim() ?? "";
