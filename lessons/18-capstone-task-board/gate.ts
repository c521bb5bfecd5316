/** The way from the student's page to the sandbox. It lets through, refuses or keeps, each kind of request by itself. */
import { once } from 'node:events'
import { createServer, request as ask } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { TransportName } from '../../server/protocol.ts'

/** `board`: the snapshot. `change`: what is sent up. */
export type Kind = TransportName | 'board' | 'change'

/**
 * `detained`: does not reach the server. `held back`: does, and of what the server says nothing comes down, on a line
 * that is open already as well. `refused`: is answered by 503, a WebSocket by 403.
 */
export type Way = 'through' | 'detained' | 'held back' | 'refused'

export interface Gate extends AsyncDisposable {
  readonly origin: string
  /** What was asked for so far, in its order, as `GET /boards/NAME`; without what says who asks. */
  readonly asked: readonly string[]
  count(kind: Kind): number
  /** How many lines of a kind are open, and have brought something. */
  open(kind: Kind): number
  /** How many there have been that did. */
  begun(kind: Kind): number
  /** On how many something is held back. */
  held(kind: Kind): number
  /** From now on; whatever was kept goes where it now may. */
  set(way: Way, ...kinds: readonly Kind[]): void
  cut(kind: Kind): void
}

interface Passage {
  readonly kind: Kind
  /** What the server has said and the page not heard. */
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
    // Also while it is detained.
    socket.on('error', () => socket.destroy()).once('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()

  return {
    origin: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
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

/** Who asks, and for which lane, is no part of what is asked. */
function shortOf(url: string): string {
  const { pathname, searchParams } = new URL(url, 'http://here')
  const after = searchParams.get('after')
  return after === null ? pathname : `${pathname}?after=${after}`
}

function fieldsOf(raw: readonly string[]): string {
  return raw.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${raw[i + 1]}`] : [])).join('\r\n')
}
