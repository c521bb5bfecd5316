/**
 * Network condition for one direction of one connection. A condition gets the time at which a packet is ready to leave
 * (`readyMs`, on the clock of performance.now). A condition returns the time at which the packet leaves. In a chain,
 * each condition gets the time that the previous condition has returned. The pipe keeps the packets in order, even if a
 * condition returns an earlier time for a later packet.
 */
export type Condition = (bytes: number, readyMs: number) => number
