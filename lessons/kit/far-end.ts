/**
 * The server that a student's client talks to, in the check's own hands: it speaks as the sandbox
 * does, and it breaks its lines in every way that there is, at the moment that the check says.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { cursorOf } from '../../server/feed/cursor.ts'
import type { Event } from '../../server/protocol.ts'

/** What who comes next meets. `turned away`: a handshake, and then at once a close with 1013. */
export type Manners = 'welcome' | 'turned away' | 'no answer'

/** One handshake of a client. */
export interface Visit {
  readonly room: string
  /** As its address says; null where it does not. */
  readonly after: string | null
  /** `GET /feed/…` */
  readonly asked: string
  /** Has the client's end been heard of? */
  readonly isOver: boolean
  close(code: number): void
  cut(how: 'FIN' | 'RST'): void
  /** From here on nothing crosses, in either direction, and nobody is told. */
  vanish(): void
  /** Whatever was on its way when it vanished arrives after all. */
  reappear(): void
}

export interface FarEnd extends AsyncDisposable {
  readonly origin: string
  readonly visits: readonly Visit[]
  meets: Manners
  publish(room: string, ...texts: readonly string[]): readonly Event[]
  /** Cuts all and takes nobody any more. */
  leave(): Promise<void>
  /** … and is there again, at the same address. */
  comeBack(): Promise<void>
  /**
   * Resolves when whatever was said on lines that work, by either side, has been heard and answered. False where there
   * are no such lines.
   */
  settle(): Promise<boolean>
}

interface Line {
  readonly visit: Visit
  readonly socket: WebSocket
  /** What is held back; null while the line works. */
  held: string[] | null
}

const EPOCH = 'k3'

export async function startFarEnd(): Promise<FarEnd> {
  const server = createServer((_request, response) => response.writeHead(426).end())
  const handshakes = new WebSocketServer({ noServer: true })
  const rooms = new Map<string, Event[]>()
  const lines = new Set<Line>()
  const wires = new Set<Duplex>()
  const visits: Visit[] = []
  let port = 0

  const listen = async () => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    port = typeof address === 'object' && address ? address.port : 0
  }
  const eventsOf = (room: string) => {
    const events = rooms.get(room) ?? []
    rooms.set(room, events)
    return events
  }
  const say = (line: Line, message: object) => {
    const text = JSON.stringify(message)
    if (line.held) line.held.push(text)
    else line.socket.send(text)
  }

  server.on('upgrade', (request, wire, head) => {
    wires.add(wire)
    wire.on('error', () => wire.destroy()).on('close', () => wires.delete(wire))
    if (far.meets === 'no answer') return void visits.push(visitOf(request.url ?? '', wire, null))
    handshakes.handleUpgrade(request, wire, head, (socket) => {
      const line: Line = { visit: visitOf(request.url ?? '', wire, () => line), socket, held: null }
      socket.on('error', () => {}).on('close', () => lines.delete(line))
      visits.push(line.visit)
      if (far.meets === 'turned away') return socket.close(1013)
      lines.add(line)
      socket.on('message', (data) => String(data).includes('"ping"') && say(line, { type: 'pong' }))
      const { room, after } = line.visit
      const events = eventsOf(room)
      const from = after === null ? events.length : Number(after.split('.').at(-1))
      say(line, { type: 'connected', message: 'WebSocket connected', room, cursor: cursorOf(EPOCH, from) })
      for (const event of events.slice(from)) say(line, event)
    })
  })

  const far: FarEnd = {
    get origin() {
      return `ws://127.0.0.1:${port}`
    },
    visits,
    meets: 'welcome',
    publish(room, ...texts) {
      const events = eventsOf(room)
      const made = texts.map((text, i): Event => {
        return { id: cursorOf(EPOCH, events.length + 1 + i), room, at: Date.now(), type: 'message', user: 'Ada', text }
      })
      events.push(...made)
      for (const line of lines) if (line.visit.room === room) for (const event of made) say(line, event)
      return made
    },
    async leave() {
      const closed = once(server, 'close')
      server.close()
      for (const wire of wires) wire.destroy()
      server.closeAllConnections()
      await closed
    },
    comeBack: listen,
    async settle() {
      // What a client has said lies before its pong; our answer to that lies before the second ping.
      const working = [...lines].filter(({ held }) => held === null)
      for (let round = 0; round < 2; round++) await Promise.all(working.map(({ socket }) => pongOf(socket)))
      return working.length > 0
    },
    async [Symbol.asyncDispose]() {
      for (const wire of wires) wire.destroy()
      if (server.listening) await far.leave()
    },
  }
  await listen()
  return far
}

async function pongOf(socket: WebSocket): Promise<void> {
  if (socket.readyState !== socket.OPEN) return
  const over = new AbortController()
  const { signal } = over
  socket.ping()
  await Promise.race([once(socket, 'pong', { signal }), once(socket, 'close', { signal })])
  over.abort()
}

function visitOf(url: string, wire: Duplex, lineOf: (() => Line) | null): Visit {
  const { pathname, searchParams } = new URL(url, 'http://here')
  return {
    room: /^\/feed\/([^/]+)\/ws$/.exec(pathname)?.[1] ?? '',
    after: searchParams.get('after'),
    asked: `GET ${url}`,
    get isOver() {
      return wire.destroyed
    },
    close: (code) => lineOf?.().socket.close(code),
    cut: (how) => void (how === 'RST' && 'resetAndDestroy' in wire ? reset(wire) : wire.destroy()),
    vanish() {
      const line = lineOf?.()
      if (!line) return
      line.held = []
      line.socket.pause()
    },
    reappear() {
      const line = lineOf?.()
      if (!line?.held || wire.destroyed) return
      for (const text of line.held) line.socket.send(text)
      line.held = null
      line.socket.resume()
    },
  }
}

function reset(wire: { resetAndDestroy: unknown } & Duplex): void {
  if (typeof wire.resetAndDestroy === 'function') wire.resetAndDestroy()
}
