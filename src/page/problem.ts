import type { Answer, Connection } from "./feed.ts";

export interface Problem {
  readonly connection: Extract<Connection, "gone" | "unavailable">;
  readonly message: string | null;
  /** The page's ticket is not accepted any more: another page brings another one. */
  readonly needsTicket: boolean;
}

const SIGN_IN = "You are not signed in any more: open the tab Resumes in the Control UI again.";

/** What an answer means that is none: without the plugin's own error it is a gateway that stops or starts. */
export function problemOf({ status, body }: Pick<Answer, "status" | "body">): Problem {
  const error = isRecord(body) && isRecord(body["error"]) ? body["error"] : {};
  const message = typeof error["message"] === "string" ? error["message"] : null;
  switch (error["code"]) {
    case "ticket":
      return { connection: "unavailable", message: message ?? "This page is too old.", needsTicket: true };
    case "scope":
    case "unavailable":
      return { connection: "unavailable", message, needsTicket: false };
    default:
      if (status === 401) return { connection: "unavailable", message: SIGN_IN, needsTicket: false };
      return { connection: "gone", message: null, needsTicket: false };
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
