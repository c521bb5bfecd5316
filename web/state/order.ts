import type { TransportName } from '../../server/protocol.ts'

/** The order in which the four are always shown; a lane's place in it is its index everywhere. */
export const TRANSPORTS: readonly TransportName[] = ['short-poll', 'long-poll', 'sse', 'ws']
