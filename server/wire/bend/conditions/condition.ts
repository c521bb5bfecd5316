/**
 * Network condition for one direction of one connection. It gets the time at which a packet is ready to be sent on
 * (`readyMs`, on the clock of performance.now). It returns the time at which the packet is sent on. In a chain, each
 * condition gets the time that the previous condition has returned. The pipe keeps the packets in order, even if a
 * condition returns an earlier time than for the packet before.
 */
export type Condition = (bytes: number, readyMs: number) => number
