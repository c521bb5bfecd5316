/** How the lesson stands, to pages: whole on every change, as events; and what they may ask of the kit. */
import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Access } from '../access.ts'
import type { Kit } from './kit.ts'
import type { LessonWish, ToldLesson } from './state.ts'
import type { Way } from './way.ts'

/** A page whose kit has gone comes back soon: the next one is started by a person who looks at the page. */
const RETRY_MS = 1000

const WISHES: readonly LessonWish[] = ['check', 'hint']

export function serveState(app: FastifyInstance, access: Access, kit: Kit | undefined, way: Way): void {
  const open = new Set<ServerResponse>()

  app.get('/lessons/state', { schema: { hide: true } }, async (_request, reply) => {
    reply.hijack()
    const stream = reply.raw
    if (stream.destroyed) return
    for (const [name, value] of Object.entries(reply.getHeaders())) stream.setHeader(name, value ?? '')
    stream.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
    })
    const tell = () => {
      const told: ToldLesson | null = kit?.state ? { ...kit.state, way: way.origin, hopMs: way.hopMs } : null
      stream.write(`data: ${JSON.stringify(told)}\n\n`)
    }
    stream.write(`retry: ${RETRY_MS}\n`)
    tell()
    const stops = [kit?.follow(tell), way.follow(tell)]
    open.add(stream)
    stream.once('close', () => {
      for (const stop of stops) stop?.()
      open.delete(stream)
    })
  })

  for (const wish of WISHES)
    app.post(`/lessons/${wish}`, { schema: { hide: true } }, async (request, reply) => {
      access.checkInstructor(request.raw, 'The lesson is run by whoever sits at the server’s own machine.')
      kit?.ask(wish)
      return reply.code(204).send()
    })

  app.addHook('preClose', async () => {
    for (const stream of open) stream.end(() => stream.socket?.destroySoon())
  })
}
