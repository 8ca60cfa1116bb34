/**
 * What the budget that gateways share is like, as one of them sees it.
 *
 * - `connecting`: Redis has not answered yet.
 * - `shared`: slots and pace are those of the fleet.
 * - `lost`: Redis cannot be reached; this gateway goes by its own fallback.
 */
export const FLEET_STATES = ["connecting", "shared", "lost"] as const;
export type FleetState = (typeof FLEET_STATES)[number];
