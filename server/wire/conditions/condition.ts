/**
 * One network condition of one direction of one connection: answers when a packet that could go on
 * at `readyMs` (of performance.now) goes on in truth. Conditions are put behind one another, each
 * beginning where the one before ended. None reorders: a packet never overtakes the one before it,
 * whatever its own time says.
 */
export type Condition = (bytes: number, readyMs: number) => number
