import type { TransportName } from '../../server/protocol.ts'

/** The order in which the four are always shown; a lane's place in it is its index everywhere. */
export const TRANSPORTS: readonly TransportName[] = ['short-poll', 'long-poll', 'sse', 'ws']

/** Beside a lesson there may be a fifth lane: the student's own server, by one of the four transports. */
export type LaneName = TransportName | 'yours'

export const LANES: readonly LaneName[] = [...TRANSPORTS, 'yours']
