/**
 * Serves the routes of the preflight. They behave like a short poll, a long poll, an event stream and a WebSocket, and
 * end after two seconds. A page uses them to find out which transports the network lets through.
 *
 * Pages of every origin may use these routes, and people who have not signed in too: otherwise nobody could find out
 * why they cannot use the server. The routes send only the version and a sentence about the page's origin.
 */
import Type from 'typebox'
import packageJson from '../../package.json' with { type: 'json' }
import type { Access } from '../access/access.ts'
import { hear } from '../access/conversation.ts'
import type { Limiter } from '../access/limits.ts'
import { PRICES } from '../access/prices.ts'
import type { App } from '../http/app-type.ts'
import { FeedError } from '../http/errors.ts'
import { SERVICE_RESTART, TRY_AGAIN_LATER, createHandshakes, takeUpgrade } from '../http/upgrade.ts'
import type { BetweenAnswer } from '../protocol/between.ts'

/** Time for which the long poll is held, and time between the two events of the stream. */
const HOLD_MS = 2000
const EVENT_GAP_MS = 1000

/** Longest time of a WebSocket. A page closes it after one echo. */
const SOCKET_MS = 5000
const ECHO_BYTES = 256

const ANY_ORIGIN = { 'access-control-allow-origin': '*', 'cache-control': 'no-store' }
/** The same fields as those of the feed's event stream, because proxies decide by them. */
const STREAM = {
  ...ANY_ORIGIN,
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
}

const querystring = Type.Object({
  from: Type.Optional(Type.String({ maxLength: 300, description: 'origin of the page, as the browser writes it' })),
})
const schema = (kind: string) => ({ summary: `Preflight: ${kind}, for pages of every origin`, querystring })
const config = (price: number) => ({ access: 'public', price }) as const

export interface BetweenParts {
  readonly access: Pick<Access, 'checkHost' | 'checkOrigin' | 'guestOf'>
  readonly limiter: Limiter
}

/** Returns a function that ends everything that is open. */
export function serveBetween(app: App, { access, limiter }: BetweenParts): () => void {
  const handshakes = createHandshakes(ECHO_BYTES)
  /** Functions that end the held polls and the open streams. */
  const open = new Set<() => void>()

  app.get('/between/poll', { schema: schema('a short poll'), config: config(PRICES.request) }, async (request, reply) =>
    reply.headers(ANY_ORIGIN).send(answerTo(request.headers.host, request.query.from)),
  )

  app.get(
    '/between/hold',
    { schema: schema('a long poll'), exposeHeadRoute: false, config: config(PRICES.stream) },
    async (request, reply) => {
      // Scripts of every origin may read a refusal too, so that they can show its status.
      reply.headers(ANY_ORIGIN)
      const release = limiter.hold(request.raw)
      await pause(HOLD_MS, (end) => reply.raw.once('close', end))
      release()
      return reply.send(answerTo(request.headers.host, request.query.from))
    },
  )

  app.get(
    '/between/sse',
    { schema: schema('an event stream'), exposeHeadRoute: false, config: config(PRICES.stream) },
    async (request, reply) => {
      reply.headers(ANY_ORIGIN)
      const release = limiter.hold(request.raw)
      reply.headers(STREAM).hijack()
      reply.raw.writeHead(
        200,
        Object.entries(reply.getHeaders()).flatMap(([name, value]) => [name, String(value)]),
      )
      reply.raw.write('data: 1\n\n')
      await pause(EVENT_GAP_MS, (end) => reply.raw.once('close', end))
      release()
      reply.raw.end('data: 2\n\n')
    },
  )

  app.get(
    '/between/ws',
    { schema: schema('a WebSocket'), exposeHeadRoute: false, config: config(PRICES.handshake) },
    async (request, reply) => {
      const { request: raw, socket: wire, head } = takeUpgrade(request, reply)
      handshakes.handleUpgrade(raw, wire, head, (socket) => {
        socket.on('error', () => {})
        const timer = setTimeout(() => socket.close(), SOCKET_MS)
        socket.once('close', () => clearTimeout(timer))
        hear(socket, raw, limiter, async (text) => {
          if (socket.readyState === socket.OPEN) socket.send(text)
        })
        try {
          socket.once('close', limiter.hold(raw))
        } catch (error) {
          socket.close(TRY_AGAIN_LATER, error instanceof Error ? error.message : String(error))
        }
      })
    },
  )

  return () => {
    for (const end of open) end()
    for (const client of handshakes.clients) client.close(SERVICE_RESTART, 'The server restarts.')
  }

  function answerTo(host = '', from: string | undefined): BetweenAnswer {
    return { fourwire: packageJson.version, refuses: refusal(host, from) }
  }

  /** Returns the sentence with which the other routes would refuse a page of the origin `from`; null if they would not. */
  function refusal(host: string, from: string | undefined): string | null {
    const headers = { host, ...(from !== undefined && { origin: from }) }
    try {
      access.checkHost({ headers })
      if (access.guestOf({ headers }) === null) access.checkOrigin({ headers })
      return null
    } catch (error) {
      if (!(error instanceof FeedError)) throw error
      return `${error.message} ${error.remedy}`
    }
  }

  /** Resolves after `ms`, when the server ends, or when `onEnd` calls back because the client has left. */
  function pause(ms: number, onEnd: (end: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        open.delete(end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      open.add(end)
      onEnd(end)
    })
  }
}
