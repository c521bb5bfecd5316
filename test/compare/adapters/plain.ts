/** Servers that deliver every published text to every client: over SSE, over WebSocket, or to polls. */
import { markIn } from '../adapter.ts'
import type { Adapter, ComparedServer } from '../adapter.ts'
import { openPoll } from '../clients/poll.ts'
import { post } from '../clients/post.ts'
import { openStream } from '../clients/stream.ts'
import { openWebSocket } from '../clients/web-socket.ts'

/** An address that sends an event stream. A POST to --publish publishes its body. */
export const sse: Adapter = {
  name: 'sse',
  transports: ['sse'],
  connect: (target, client, cursor) => openStream(target.url, client, cursor, target),
  publish: publishBody,
  match: markIn,
}

/** A WebSocket. The server sends each message of one client to all clients. */
export const ws: Adapter = {
  name: 'ws',
  transports: ['ws'],
  connect: (target, client) => openWebSocket(target.url, client, target),
  match: markIn,
}

/** Stands in --url for the cursor of the last response, and for 0 in the first request. */
const CURSOR = '{cursor}'

/**
 * An address that returns JSON with a list of messages. If the address contains `{cursor}`, the member `cursor` of
 * each response is the cursor of the next request. Otherwise the endpoint may repeat messages.
 */
export const poll: Adapter = {
  name: 'poll',
  transports: ['short-poll', 'long-poll'],
  usual: ['short-poll'],
  connect(target, client, start) {
    const { transport, url, intervalMs } = target
    // A URL encodes the braces in its path, and not in its query.
    const address = decodeURI(url.href)
    const polling = {
      address: (cursor: string | null) => new URL(address.replace(CURSOR, cursor ?? '0')),
      pauseMs: transport === 'short-poll' ? intervalMs : 0,
      hasCursor: address.includes(CURSOR),
      match: markIn,
    }
    return openPoll(polling, client, start, target)
  },
  publish: publishBody,
  match: markIn,
}

/** Publishes a text by POST to --publish. */
export async function publishBody(target: ComparedServer, text: string): Promise<void> {
  await post(target.publishUrl, text, isJson(text) ? 'application/json' : 'text/plain', target)
}

/** Whether a text is JSON. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
