/** The host's lane of a slot. A lane that the host does not know runs one turn at a time, so each slot has its own. */
export const hostLane = (name: string, slot: number): string => (slot === 1 ? name : `${name}-${slot}`);
