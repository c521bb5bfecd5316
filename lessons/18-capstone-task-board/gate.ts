/** The gate between the student's page and the sandbox: it passes, refuses or keeps each kind of request. */
import { once } from 'node:events'
import { createServer, request as ask } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { TransportName } from '../../server/protocol/feed.ts'
import { listen } from '../kit/port.ts'

/** Kinds of requests. `board` is a request for the snapshot, and `change` is a change that the page sends. */
export type Kind = TransportName | 'board' | 'change'

/**
 * How a kind is treated. `detained`: requests do not reach the server. `held back`: requests reach the server, but
 * nothing from it reaches the page, even on an open connection. `refused`: the gate responds with 503, or 403 to a WebSocket.
 */
export type Way = 'through' | 'detained' | 'held back' | 'refused'

export interface Gate extends AsyncDisposable {
  readonly origin: string
  /** Requests so far, in order, such as `GET /boards/NAME`, without the parameters that identify the client. */
  readonly asked: readonly string[]
  count(kind: Kind): number
  /** Number of open connections of a kind that have delivered something. */
  open(kind: Kind): number
  /** Number of connections of a kind that have ever delivered something. */
  begun(kind: Kind): number
  /** Number of connections of a kind on which something is held back. */
  held(kind: Kind): number
  /** Sets how these kinds are treated, and releases what was kept if that is now allowed. */
  set(way: Way, ...kinds: readonly Kind[]): void
  /** Releases only the first piece that is held back on each connection of this kind. */
  passOne(kind: Kind): void
  cut(kind: Kind): void
}

interface Passage {
  readonly kind: Kind
  /** Deliveries from the server that are held back. */
  readonly kept: (() => void)[]
  hasBegun: boolean
  cut(): void
}

export async function startGate(port: number): Promise<Gate> {
  const ways = new Map<Kind, Way>()
  const asked: { readonly kind: Kind; readonly line: string }[] = []
  const passages = new Set<Passage>()
  const begun: Kind[] = []
  const sockets = new Set<Socket>()
  let detained: { readonly kind: Kind; readonly go: () => void }[] = []

  const wayOf = (kind: Kind): Way => ways.get(kind) ?? 'through'
  const arrive = ({ method = '', url = '' }: Pick<IncomingMessage, 'method' | 'url'>, go: (kind: Kind) => void) => {
    const kind = kindOf(method, url)
    asked.push({ kind, line: `${method} ${shortOf(url)}` })
    if (wayOf(kind) === 'detained') detained.push({ kind, go: () => go(kind) })
    else go(kind)
  }
  const pass = (kind: Kind, cut: () => void) => {
    const passage: Passage = { kind, kept: [], hasBegun: false, cut }
    passages.add(passage)
    return passage
  }
  const down = (passage: Passage, say: () => void) => {
    if (wayOf(passage.kind) === 'held back') return void passage.kept.push(say)
    if (!passage.hasBegun) begun.push(passage.kind)
    passage.hasBegun = true
    say()
  }

  const server = createServer((request, response) =>
    arrive(request, (kind) => {
      if (wayOf(kind) === 'refused') return void response.writeHead(503).end()
      const { method, url, headers } = request
      const up = ask({ host: '127.0.0.1', port, method, path: url, headers })
      const passage = pass(kind, () => response.destroy())
      response.once('close', () => {
        passages.delete(passage)
        up.destroy()
      })
      up.on('error', () => response.destroy())
      up.on('response', (answer) => {
        down(passage, () => response.writeHead(answer.statusCode ?? 502, answer.rawHeaders).flushHeaders())
        answer.on('data', (bytes) => down(passage, () => response.write(bytes)))
        answer.on('end', () => down(passage, () => response.end()))
        answer.on('error', () => response.destroy())
      })
      request.pipe(up)
    }),
  )
  server.on('upgrade', (request, socket, head) =>
    arrive(request, (kind) => {
      if (wayOf(kind) === 'refused') return void socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n')
      const up = connect(port, '127.0.0.1').on('error', () => socket.destroy())
      const passage = pass(kind, () => socket.destroy())
      socket.once('close', () => {
        passages.delete(passage)
        up.destroy()
      })
      up.write(`GET ${request.url} HTTP/1.1\r\n${fieldsOf(request.rawHeaders)}\r\n\r\n`)
      up.write(head)
      up.on('data', (bytes) => down(passage, () => socket.write(bytes)))
      up.on('end', () => down(passage, () => socket.end()))
      socket.pipe(up)
    }),
  )
  server.on('connection', (socket) => {
    sockets.add(socket)
    // These listeners are also needed while a request is detained.
    socket.on('error', () => socket.destroy()).once('close', () => sockets.delete(socket))
  })
  const ownPort = await listen(server)

  return {
    origin: `http://127.0.0.1:${ownPort}`,
    get asked() {
      return asked.map(({ line }) => line)
    },
    count: (kind) => asked.filter((one) => one.kind === kind).length,
    open: (kind) => [...passages].filter((one) => one.kind === kind && one.hasBegun).length,
    begun: (kind) => begun.filter((one) => one === kind).length,
    held: (kind) => [...passages].filter((one) => one.kind === kind && one.kept.length > 0).length,
    set(way, ...kinds) {
      for (const kind of kinds) ways.set(kind, way)
      const isFree = ({ kind }: { kind: Kind }) => kinds.includes(kind) && way !== 'detained'
      const freed = detained.filter(isFree)
      detained = detained.filter((one) => !isFree(one))
      for (const { go } of freed) go()
      if (way === 'held back') return
      for (const { kind, kept } of passages) if (kinds.includes(kind)) for (const say of kept.splice(0)) say()
    },
    passOne(kind) {
      for (const passage of passages) if (passage.kind === kind) passage.kept.shift()?.()
    },
    cut(kind) {
      for (const passage of passages) if (passage.kind === kind) passage.cut()
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function kindOf(method: string, url: string): Kind {
  if (method === 'POST') return 'change'
  const last = /^\/feed\/[^/]+\/([a-z-]+)/.exec(url)?.[1]
  if (last === 'ws' || last === 'sse' || last === 'long-poll') return last
  return last === 'poll' ? 'short-poll' : 'board'
}

/** Returns the address without the parameters that identify client and lane. */
function shortOf(url: string): string {
  const { pathname, searchParams } = new URL(url, 'http://here')
  const after = searchParams.get('after')
  return after === null ? pathname : `${pathname}?after=${after}`
}

function fieldsOf(raw: readonly string[]): string {
  return raw.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${raw[i + 1]}`] : [])).join('\r\n')
}
