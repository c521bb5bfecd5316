/**
 * Socket.IO 3 and 4, by clients of our own. They count their bytes, which the library cannot do, and they cost the
 * machine no more than the clients of the other adapters.
 */
import { markIn } from '../adapter.ts'
import type { Adapter } from '../adapter.ts'
import { openEngine } from '../clients/engine-io.ts'

/** Types of the packets of Socket.IO. */
const CONNECT = '0'
const DISCONNECT = '1'
const EVENT = '2'
const REFUSED = '4'

/** The path of the address is the namespace. Every event of the server counts as a text. */
export const socketIo: Adapter = {
  name: 'socket.io',
  transports: ['websocket', 'polling'],
  match: markIn,

  connect(target, client) {
    const { transport, url } = target
    const namespace = url.pathname === '/' ? '' : `${decodeURI(url.pathname)},`
    const connection = openEngine(
      transport === 'websocket' ? transport : 'polling',
      url,
      {
        opened: () => connection.send(CONNECT + namespace),
        message(packet, atMs) {
          const [type] = packet
          if (type === CONNECT) client.live()
          else if (type === EVENT) client.received(packet.slice(1 + namespace.length), atMs)
          else if (type === REFUSED) fail(`the server refused the namespace: ${packet.slice(1)}`)
          else if (type === DISCONNECT) fail('the server disconnected the client')
        },
        failed: client.failed,
      },
      target,
    )
    return { ...connection, send: (text) => connection.send(`${EVENT}${namespace}${eventOf(text)}`) }

    function fail(why: string): void {
      connection.close()
      client.failed(why)
    }
  },
}

/** A payload that is a JSON array with a name is the event itself. Any other payload is sent as the event `message`. */
function eventOf(text: string): string {
  const value = parsed(text)
  const isEvent = Array.isArray(value) && typeof value[0] === 'string'
  return isEvent ? text : JSON.stringify(['message', value])
}

/** Returns the text itself if it is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
