/** The Redis code is a file of its own, read only by a gateway with a fleet. */
export const loadFleet = (): Promise<typeof import("./redis-fleet.ts")> => import("./redis-fleet.ts");
