/**
 * Network condition of one direction of one connection. Gets the time at which a packet could go on
 * (`readyMs`, as of performance.now), and returns the time at which it does go on. In a chain, each
 * condition gets the time that the previous one has returned. The pipe keeps the packets in order,
 * whatever times the conditions return.
 */
export type Condition = (bytes: number, readyMs: number) => number
