/** nchan (https://nchan.io): each message of a channel, at one address that serves SSE, WebSocket and long polls. */
import { markIn } from '../adapter.ts'
import type { Adapter, ClientListener, ComparedConnection, ComparedServer } from '../adapter.ts'
import { createExchange } from '../clients/exchange.ts'
import { refusal } from '../clients/socket.ts'
import { openStream } from '../clients/stream.ts'
import { openWebSocket } from '../clients/web-socket.ts'
import { messageOf } from '../trouble.ts'
import { publishBody } from './plain.ts'

/** `--url` is an `nchan_subscriber`, and `--publish` an `nchan_publisher`. An `nchan_pubsub` is both. */
export const nchan: Adapter = {
  name: 'nchan',
  transports: ['sse', 'ws', 'long-poll'],
  match: markIn,
  publish: publishBody,

  connect(target, client, cursor) {
    const { transport, url } = target
    if (transport === 'sse') return openStream(url, client, cursor, target)
    if (transport === 'ws') return openWebSocket(new URL(url.href.replace(/^http/, 'ws')), client, target)
    return openLongPoll(target, client, cursor)
  },
}

/** nchan ends a long poll with this status if there was no message for `nchan_subscriber_timeout`. */
const NO_MESSAGE = 408

/** Separates the two parts of a cursor. No header field contains it. */
const SEPARATOR = '\n'

/**
 * Polls without a pause. A response has one message, and its fields Last-Modified and Etag are the cursor. Messages that
 * are published before the first request has arrived are not lost, because nchan begins with the oldest message.
 */
function openLongPoll(target: ComparedServer, client: ClientListener, start?: string): ComparedConnection {
  const { url } = target
  const exchange = createExchange(target)
  let cursor = start ?? null
  let isClosed = false
  void poll(() => client.live())

  return {
    close() {
      isClosed = true
      exchange.close()
    },
    usage: () => exchange.usage,
    cursor: () => cursor,
    pause: () => exchange.pause(),
    resume: () => exchange.resume(),
  }

  async function poll(sent?: () => void): Promise<void> {
    const [time = '', tag = ''] = cursor?.split(SEPARATOR) ?? []
    const fields = cursor === null ? {} : { 'If-Modified-Since': time, 'If-None-Match': tag }
    try {
      const reply = await exchange.ask('GET', url, fields, '', sent && { sent })
      if (isClosed) return
      const { status, text, atMs } = reply
      if (status !== 200 && status !== NO_MESSAGE) throw new Error(`GET ${url.pathname} ${refusal(status, 200, url)}`)
      if (status === 200) {
        cursor = `${reply.fields.get('last-modified') ?? ''}${SEPARATOR}${reply.fields.get('etag') ?? ''}`
        client.received(text, atMs)
      }
      void poll()
    } catch (error) {
      if (isClosed) return
      isClosed = true
      exchange.close()
      client.failed(messageOf(error))
    }
  }
}
