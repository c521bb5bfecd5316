/**
 * Serves the lab to pages behind a proxy that refuses WebSockets. The server sends its messages as an event stream, and
 * the page sends its messages as POST requests. The page sets its clock with GET requests, because proxies delay a GET
 * request least.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import Type from 'typebox'
import type { Access } from '../access/access.ts'
import { visitorOf } from '../access/visitor.ts'
import { FeedError, quote } from '../http/errors.ts'
import type { Limiter } from '../access/limits.ts'
import { now } from '../now.ts'
import type { Peers } from '../peers/peers.ts'
import { PRICES } from '../access/prices.ts'
import type { LabMessage } from '../protocol/lab.ts'
import { HEARTBEAT_MS } from '../transports/transport.ts'
import type { App } from '../http/app-type.ts'
import type { Visit, Who } from './visit.ts'
import { pageByStream } from './page.ts'
import { DEFAULT_ROOM, LabQuery, RoomQuery } from './routes.ts'

const schemas = {
  sse: {
    summary: 'The lab as an event stream; its event "line" contains the name of the stream',
    querystring: LabQuery,
  },
  say: {
    summary: 'A message to the lab, from a page that reads the lab\u2019s event stream',
    querystring: Type.Object({
      line: Type.String({ maxLength: 128, description: 'the name from the stream\u2019s event "line"' }),
    }),
    body: Type.Unknown(),
  },
  clock: {
    summary: 'The server\u2019s time, for a page that sets its clock over plain HTTP',
    querystring: Type.Object({
      ...RoomQuery.properties,
      t0: Type.Number({ description: 'a number: the time of the request in ms, on the page\u2019s clock' }),
    }),
  },
}

interface Lab {
  whoOf(from: IncomingMessage, room: string): Promise<Who>
  receive(visit: Visit, who: Who): void
  answer(visit: Visit, text: string): Promise<void>
  time(room: string, t0: number, t1: number): LabMessage
}

const config = { access: 'class' } as const

interface Parts {
  readonly access: Access
  readonly limiter: Limiter
  readonly peers: Peers
}

/** Message of a page whose stream is at another process than the one that got the message. */
interface PassedOn {
  readonly line: string
  readonly text: string
  readonly session: string | null
}

export function serveByHttp(app: App, { access, limiter, peers }: Parts, { whoOf, receive, answer, time }: Lab): void {
  /**
   * Visit of each open stream. The key is the name of the stream, which only the page of this stream knows. It begins
   * with the id of the process, because a proxy may send what the page says to another process.
   */
  const lines = new Map<string, Visit>()
  peers.answer('lab say', async (message) => {
    const { line, text, session } = message as PassedOn
    const visit = lines.get(line)
    if (!visit || sessionText(visit.from) !== session) return null
    await answer(visit, text)
    return true
  })

  const held = { ...config, price: PRICES.stream }
  app.get('/lab/sse', { schema: schemas.sse, exposeHeadRoute: false, config: held }, async ({ raw, query }, reply) => {
    const { room: name = DEFAULT_ROOM, page: pageName } = query
    const who = await whoOf(raw, name)
    const release = limiter.hold(raw)
    const stream = openStream(reply)
    if (!stream) return release()
    // Allow many listeners, because several parts of the lab listen for the end of the stream.
    stream.setMaxListeners(20)
    access.onEnd(raw, () => stream.end())
    const visit = { name, page: pageByStream(stream), pageName, from: raw }
    const line = `${peers.own}.${crypto.randomUUID()}`
    lines.set(line, visit)
    const beat = setInterval(() => stream.write(':hb\n\n'), HEARTBEAT_MS)
    stream.once('close', () => {
      release()
      clearInterval(beat)
      lines.delete(line)
    })
    stream.write(`event: line\ndata: ${line}\n\n`)
    receive(visit, who)
  })

  app.post('/lab/say', { schema: schemas.say, config }, async ({ raw, query: { line }, body }, reply) => {
    const [owner = ''] = line.split('.')
    const [text, session] = [JSON.stringify(body), sessionText(raw)]
    const isElsewhere = peers.others().includes(owner)
    if (isElsewhere && (await peers.ask('lab say', { line, text, session } satisfies PassedOn, owner)).length > 0)
      return reply.code(204).send()
    const visit = lines.get(line)
    if (!visit || sessionText(visit.from) !== session)
      throw new FeedError(
        'not-found',
        `The stream ${quote(line)} is not open.`,
        'Open GET /lab/sse. Its event "line" contains a name.',
      )
    await answer(visit, text)
    return reply.code(204).send()
  })

  app.get('/lab/clock', { schema: schemas.clock, config }, async ({ query: { room = DEFAULT_ROOM, t0 } }, reply) => {
    const t1 = now()
    reply.header('cache-control', 'no-store')
    return time(room, t0, t1)
  })
}

/** Returns a text that identifies the session of a request in all processes. */
function sessionText(request: IncomingMessage): string | null {
  const { session } = visitorOf(request)
  return session && JSON.stringify([session.user, session.isInstructor, session.untilMs])
}

/** Starts the event stream. Returns null if the client has already left. */
function openStream(reply: FastifyReply): ServerResponse | null {
  reply.hijack()
  const stream = reply.raw
  if (stream.destroyed) return null
  for (const [name, value] of Object.entries(reply.getHeaders())) stream.setHeader(name, value ?? '')
  stream.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  })
  return stream
}
