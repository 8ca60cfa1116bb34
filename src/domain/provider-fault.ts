/**
 * Why a model provider takes no requests, of all that can go wrong with one:
 *
 * - `rate-limit`, `overloaded`: too much is asked of it.
 * - `billing`, `authentication`: the account or its key is not accepted.
 * - `disabled`: the host keeps the key out of use for a while after such a failure; nothing is asked of the provider.
 */
export type ProviderFault = "rate-limit" | "overloaded" | "billing" | "authentication" | "disabled";

/** Those that go on until somebody does something about them. Once can be an incident of the provider's. */
const PERMANENT: ReadonlySet<ProviderFault> = new Set(["billing", "authentication"]);

export const isPermanent = (fault: ProviderFault): boolean => PERMANENT.has(fault);

/** What the host calls them (2026.9.6). Its other reasons are no fault of the provider's, or it cures them itself. */
const BY_HOST_REASON: Readonly<Record<string, ProviderFault>> = {
  rate_limit: "rate-limit",
  overloaded: "overloaded",
  billing: "billing",
  auth: "authentication",
  auth_permanent: "authentication",
};

/** The fault that the host gives as its reason; `undefined` for any other reason. */
export const faultOf = (hostReason: unknown): ProviderFault | undefined =>
  typeof hostReason === "string" && Object.hasOwn(BY_HOST_REASON, hostReason) ? BY_HOST_REASON[hostReason] : undefined;
