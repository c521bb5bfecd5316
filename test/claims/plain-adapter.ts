/** Adapter for the plain server, over each of its transports. */
import { markIn } from '../compare/adapter.ts'
import type { ClientListener, ComparedConnection, ComparedServer } from '../compare/adapter.ts'
import { openPoll } from '../compare/clients/poll.ts'
import { openStream } from '../compare/clients/stream.ts'
import { openWebSocket } from '../compare/clients/web-socket.ts'

/** Path of this file, for a worker. */
export const PLAIN_ADAPTER = import.meta.filename

export const adapter = {
  name: 'plain',
  transports: ['short-poll', 'long-poll', 'sse', 'ws'],
  connect: connectPlain,
  match: markIn,
}

/** `headers` of the target can contain the fields of a browser. Default: no field besides those that are needed. */
function connectPlain(target: ComparedServer, client: ClientListener): ComparedConnection {
  const { transport, url, intervalMs } = target
  const to = (path: string): URL => new URL(path, url)
  if (transport === 'sse') return openStream(to('/sse'), client, undefined, target)
  if (transport === 'ws') return openWebSocket(to('/ws'), client, target)
  const isShort = transport === 'short-poll'
  const polling = {
    address: () => to(isShort ? '/poll' : '/long-poll'),
    pauseMs: isShort ? intervalMs : 0,
    hasCursor: false,
    match: markIn,
  }
  const connection = openPoll(polling, client, null, target)
  // The first response of a held request is the first message.
  if (!isShort) setImmediate(() => client.live())
  return connection
}
