/**
 * What the plugin does in this gateway.
 *
 * - `active`: claims, queues and resumes.
 * - `observe`: judges and reports only (`mode: "observe"`).
 * - `off`: does nothing (`mode: "off"`).
 * - `misconfigured`: does nothing, because its settings are wrong.
 * - `failed`: does nothing, because it could not start.
 */
export const SERVICE_STATES = ["active", "observe", "off", "misconfigured", "failed"] as const;
export type ServiceState = (typeof SERVICE_STATES)[number];
