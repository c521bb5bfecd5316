import type { TransportName } from '../../server/protocol.ts'
import { longPoll } from './long-poll.ts'
import { shortPoll } from './short-poll.ts'
import { sse } from './sse.ts'
import type { Transport } from './transport.ts'
import { ws } from './ws.ts'

/** All of them, in the order in which they are always shown. */
export const transports: Record<TransportName, Transport> = {
  'short-poll': shortPoll,
  'long-poll': longPoll,
  sse,
  ws,
}
