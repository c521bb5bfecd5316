import type { TransportName } from '../protocol/feed.ts'
import type { ListedTransport } from './listed.ts'
import { longPoll } from './long-poll.ts'
import { pollReading } from './poll-reading.ts'
import { shortPoll } from './short-poll.ts'
import { sseReading } from './sse-reading.ts'
import { sse } from './sse.ts'
import { streamReading } from './stream-reading.ts'
import { stream } from './stream.ts'
import { wsReading } from './ws-reading.ts'
import { ws } from './ws.ts'

/**
 * All transports, each with its description. The description is not in the transport's own file, because a student may
 * replace the transport's file with a transport from the lessons. If a transport name of the protocol is missing in
 * this list, the code does not compile.
 */
export const transports: Record<TransportName, ListedTransport> = {
  'short-poll': { ...shortPoll, kind: 'poll', paths: ['/feed/:room/poll'], reading: pollReading },
  'long-poll': { ...longPoll, kind: 'poll', paths: ['/feed/:room/long-poll'], reading: pollReading },
  sse: { ...sse, kind: 'stream', paths: ['/feed/:room/sse'], reading: sseReading },
  ws: { ...ws, kind: 'socket', paths: ['/feed/:room/ws', '/ws'], reading: wsReading },
  stream: { ...stream, kind: 'stream', paths: ['/feed/:room/stream'], reading: streamReading },
}
