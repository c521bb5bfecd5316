/**
 * A fake server for a student's client. It speaks the sandbox's protocol, and the check can break its connections in
 * every way and at any moment.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { cursorOf } from '../../server/feed/cursor.ts'
import type { Event } from '../../server/protocol/feed.ts'
import { listen } from './port.ts'
import { fieldOf, parsed } from './json.ts'

/** How the next client is treated. `turned away`: a handshake, and directly after it a close with 1013. */
export type Treatment = 'welcome' | 'turned away' | 'no answer'

/** A connection of a client, from its handshake on. */
export interface ClientConnection {
  readonly room: string
  /** Cursor in the client's address; null without one. */
  readonly after: string | null
  /** `GET /feed/…` */
  readonly asked: string
  /** True when the connection has ended. */
  readonly isOver: boolean
  /** Number of pings that the client has sent. */
  readonly pings: number
  /** Sends this message, which is not an event of the feed. */
  say(message: object): void
  close(code: number): void
  cut(how: 'FIN' | 'RST'): void
  /** Stops all traffic in both directions, without closing the connection. */
  vanish(): void
  /** Resumes the traffic, and delivers everything that was held back. */
  reappear(): void
}

export interface FakeServer extends AsyncDisposable {
  readonly origin: string
  readonly visits: readonly ClientConnection[]
  meets: Treatment
  /** False while clients get no pongs. When it is set to true, they get the pongs that they still wait for. */
  answersPings: boolean
  /** Publishes messages with these texts; null for a tick. */
  publish(room: string, ...texts: readonly (string | null)[]): readonly Event[]
  /** Cuts all connections and stops listening. */
  leave(): Promise<void>
  /** Listens again, at the same address. */
  comeBack(): Promise<void>
  /**
   * Resolves when both sides have received everything that was sent on working connections. Resolves with false if
   * there is no working connection.
   */
  settle(): Promise<boolean>
}

interface OpenConnection {
  readonly visit: ClientConnection
  readonly socket: WebSocket
  pings: number
  pongs: number
  /** Messages that are held back; null while the connection works. */
  held: string[] | null
}

/** `epoch`: the first part of each cursor. A client must not rely on its length. */
export async function startFakeServer(epoch = 'k3'): Promise<FakeServer> {
  const server = createServer((_request, response) => response.writeHead(426).end())
  const handshakes = new WebSocketServer({ noServer: true })
  const rooms = new Map<string, Event[]>()
  const connections = new Set<OpenConnection>()
  const wires = new Set<Duplex>()
  const visits: ClientConnection[] = []
  let port = 0
  let isAnswering = true

  const eventsOf = (room: string) => {
    const events = rooms.get(room) ?? []
    rooms.set(room, events)
    return events
  }
  /** A cursor of another epoch stands for the position before the first event. */
  const positionOf = (cursor: string) => (cursor.startsWith(`${epoch}.`) ? Number(cursor.split('.').at(-1)) : 0)
  const say = (connection: OpenConnection, message: object) => {
    const text = JSON.stringify(message)
    if (connection.held) connection.held.push(text)
    else connection.socket.send(text)
  }

  const pong = (connection: OpenConnection) => {
    for (; connection.pongs < connection.pings; connection.pongs++) say(connection, { type: 'pong' })
  }

  server.on('upgrade', (request, wire, head) => {
    wires.add(wire)
    wire.on('error', () => wire.destroy()).on('close', () => wires.delete(wire))
    if (far.meets === 'no answer') return void visits.push(visitOf(request.url ?? '', wire, null))
    handshakes.handleUpgrade(request, wire, head, (socket) => {
      const connection: OpenConnection = {
        visit: visitOf(request.url ?? '', wire, () => connection),
        socket,
        pings: 0,
        pongs: 0,
        held: null,
      }
      socket.on('error', () => {}).on('close', () => connections.delete(connection))
      visits.push(connection.visit)
      if (far.meets === 'turned away') return socket.close(1013)
      connections.add(connection)
      socket.on('message', (data) => {
        if (fieldOf(parsed(String(data)), 'type') !== 'ping') return
        connection.pings += 1
        if (isAnswering) pong(connection)
      })
      const { room, after } = connection.visit
      const events = eventsOf(room)
      const from = after === null ? events.length : positionOf(after)
      say(connection, { type: 'connected', message: 'WebSocket connected', room, cursor: cursorOf(epoch, from) })
      for (const event of events.slice(from)) say(connection, event)
    })
  })

  const far: FakeServer = {
    get origin() {
      return `ws://127.0.0.1:${port}`
    },
    visits,
    meets: 'welcome',
    get answersPings() {
      return isAnswering
    },
    set answersPings(answers) {
      isAnswering = answers
      if (answers) for (const connection of connections) pong(connection)
    },
    publish(room, ...texts) {
      const events = eventsOf(room)
      const made = texts.map((text, i): Event => {
        const added = { id: cursorOf(epoch, events.length + 1 + i), room, at: Date.now() }
        return text === null ? { ...added, type: 'tick' } : { ...added, type: 'message', user: 'Ada', text }
      })
      events.push(...made)
      for (const connection of connections)
        if (connection.visit.room === room) for (const event of made) say(connection, event)
      return made
    },
    async leave() {
      const closed = once(server, 'close')
      server.close()
      for (const wire of wires) wire.destroy()
      server.closeAllConnections()
      await closed
    },
    async comeBack() {
      port = await listen(server, port)
    },
    async settle() {
      // A client's messages arrive before its first pong, and our responses to them before its second pong.
      const working = [...connections].filter(({ held }) => held === null)
      for (let round = 0; round < 2; round++) await Promise.all(working.map(({ socket }) => pongOf(socket)))
      return working.length > 0
    },
    async [Symbol.asyncDispose]() {
      for (const wire of wires) wire.destroy()
      if (server.listening) await far.leave()
    },
  }
  await far.comeBack()
  return far
}

/** Sends a ping, and resolves when its pong has come or the connection is closed. */
export async function pongOf(socket: WebSocket): Promise<void> {
  if (socket.readyState !== socket.OPEN) return
  const over = new AbortController()
  const { signal } = over
  socket.ping()
  await Promise.race([once(socket, 'pong', { signal }), once(socket, 'close', { signal })]).catch(() => null)
  over.abort()
}

function visitOf(url: string, wire: Duplex, connectionOf: (() => OpenConnection) | null): ClientConnection {
  const { pathname, searchParams } = new URL(url, 'http://here')
  return {
    room: /^\/feed\/([^/]+)\/ws$/.exec(pathname)?.[1] ?? '',
    after: searchParams.get('after'),
    asked: `GET ${url}`,
    get isOver() {
      return wire.destroyed
    },
    get pings() {
      return connectionOf?.().pings ?? 0
    },
    say: (message) => connectionOf?.().socket.send(JSON.stringify(message)),
    close: (code) => connectionOf?.().socket.close(code),
    cut: (how) => void (how === 'RST' && 'resetAndDestroy' in wire ? reset(wire) : wire.destroy()),
    vanish() {
      const connection = connectionOf?.()
      if (!connection) return
      connection.held = []
      connection.socket.pause()
    },
    reappear() {
      const connection = connectionOf?.()
      if (!connection?.held || wire.destroyed) return
      for (const text of connection.held) connection.socket.send(text)
      connection.held = null
      connection.socket.resume()
    },
  }
}

function reset(wire: { resetAndDestroy: unknown } & Duplex): void {
  if (typeof wire.resetAndDestroy === 'function') wire.resetAndDestroy()
}
