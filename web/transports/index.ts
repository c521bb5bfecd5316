import type { TransportName } from '../../server/protocol/feed.ts'
import { longPoll } from './long-poll.ts'
import { shortPoll } from './short-poll.ts'
import { sse } from './sse.ts'
import { stream } from './stream.ts'
import type { DescribedTransport } from './transport.ts'
import { ws } from './ws.ts'

/** All transports, in the order in which the page always shows them. */
export const transports: Record<TransportName, DescribedTransport> = {
  'short-poll': shortPoll,
  'long-poll': longPoll,
  sse,
  ws,
  stream,
}
