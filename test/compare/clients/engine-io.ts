/** A client of Engine.IO 4, the protocol below Socket.IO, over a WebSocket or over long polling. It never upgrades. */
import type { ComparedConnection } from '../adapter.ts'
import { messageOf } from '../trouble.ts'
import { createExchange } from './exchange.ts'
import { refusal } from './socket.ts'
import type { Connecting } from './socket.ts'
import { openWebSocket } from './web-socket.ts'

export interface PacketListener {
  /** Called with the content of each message packet. */
  message(content: string, atMs: number): void
  /** Called when messages can be sent. */
  opened(): void
  failed(why: string): void
}

export type EngineConnection = ComparedConnection & { send(content: string): void }

const PACKET = { open: '0', close: '1', ping: '2', pong: '3', message: '4' } as const

/** Separates the packets of one body. */
const SEPARATOR = '\x1e'

/** `origin` is the address of the server; its path is not used. */
export function openEngine(
  transport: 'websocket' | 'polling',
  origin: URL,
  listener: PacketListener,
  connecting: Connecting,
): EngineConnection {
  const url = new URL(`/socket.io/${origin.search}`, origin)
  url.searchParams.set('EIO', '4')
  url.searchParams.set('transport', transport)
  return transport === 'websocket' ? overWebSocket(url, listener, connecting) : overPolling(url, listener, connecting)
}

function overWebSocket(url: URL, listener: PacketListener, connecting: Connecting): EngineConnection {
  url.protocol = url.protocol.replace('http', 'ws')
  const take = packetReader(listener, (packet) => connection.send(packet))
  const connection = openWebSocket(
    url,
    {
      live() {},
      received: (packet, atMs = 0) => {
        const why = take(packet, atMs)
        if (why === null) return
        connection.close()
        listener.failed(why)
      },
      failed: listener.failed,
    },
    connecting,
  )
  return { ...connection, send: (content) => connection.send(PACKET.message + content) }
}

function overPolling(url: URL, listener: PacketListener, connecting: Connecting): EngineConnection {
  const receiving = createExchange(connecting)
  const sending = createExchange(connecting)
  /** Packets that wait for the end of the POST that is under way. */
  let waiting: string[] = []
  let isSending = false
  let isClosed = false
  const take = packetReader(listener, send)
  receive().catch(fail)

  return {
    close,
    send: (content) => send(PACKET.message + content),
    usage() {
      const [one, other] = [receiving.usage, sending.usage]
      return {
        bytesUp: one.bytesUp + other.bytesUp,
        bytesDown: one.bytesDown + other.bytesDown,
        requests: one.requests + other.requests,
      }
    },
    pause: () => receiving.pause(),
    resume: () => receiving.resume(),
  }

  async function receive(): Promise<void> {
    const { status, text, atMs } = await receiving.ask('GET', url)
    if (status !== 200) throw new Error(`GET ${url.pathname} ${refusal(status, 200, url)}: ${text.slice(0, 100)}`)
    for (const packet of text.split(SEPARATOR)) {
      if (isClosed) return
      // The first packet contains the session, which all later requests need.
      const [, session] = /^0.*"sid":"([^"]+)"/.exec(packet) ?? []
      if (session !== undefined) url.searchParams.set('sid', session)
      const why = take(packet, atMs)
      if (why !== null) throw new Error(why)
    }
    receive().catch(fail)
  }

  function send(packet: string): void {
    waiting.push(packet)
    if (!isSending) flush().catch(fail)
  }

  async function flush(): Promise<void> {
    isSending = waiting.length > 0
    if (!isSending || isClosed) return
    const body = waiting.join(SEPARATOR)
    waiting = []
    const { status } = await sending.ask('POST', url, { 'Content-Type': 'text/plain;charset=UTF-8' }, body)
    if (status !== 200) throw new Error(`POST ${url.pathname} ${refusal(status, 200, url)}`)
    await flush()
  }

  function close(): void {
    isClosed = true
    receiving.close()
    sending.close()
  }

  function fail(error: unknown): void {
    if (isClosed) return
    close()
    listener.failed(messageOf(error))
  }
}

/** Returns a function that reads a packet. It returns the reason why the connection cannot go on, or null. */
function packetReader(
  { opened, message }: PacketListener,
  send: (packet: string) => void,
): (packet: string, atMs: number) => string | null {
  let isOpen = false
  return (packet, atMs) => {
    const [type] = packet
    if (!isOpen && type !== PACKET.open) return `the server speaks no Socket.IO: ${JSON.stringify(packet.slice(0, 40))}`
    if (type === PACKET.open) {
      isOpen = true
      opened()
    }
    if (type === PACKET.ping) send(PACKET.pong)
    if (type === PACKET.message) message(packet.slice(1), atMs)
    return type === PACKET.close ? 'the server closed the connection' : null
  }
}
