/**
 * Sends the whole state of the running lesson to the pages after each change, as server-sent events. Passes the wishes
 * of a page to the kit.
 */
import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import type { Static } from 'typebox'
import type { Kit } from './kit.ts'
import type { Mine } from './mine.ts'
import type { LessonState, ToldLesson } from './state.ts'

/**
 * Time before a page reconnects. This time is short, because a person who starts the next lesson is looking at the
 * page.
 */
const RETRY_MS = 1000

const WISHES = ['check', 'hint', 'hunt'] as const

const Look = Type.Object({ look: Type.Union([Type.String({ pattern: '^[a-z0-9-]{1,40}$' }), Type.Null()]) })
const Start = Type.Object({ start: Type.String({ pattern: '^\\d\\d-[a-z0-9-]{1,60}$' }) })

const config = { access: 'instructor', why: 'The person at the server runs the lesson.' } as const

export function serveState(app: FastifyInstance, kit: Kit | undefined, mine: Mine): void {
  const open = new Set<ServerResponse>()

  app.get(
    '/lessons/state',
    { schema: { hide: true }, exposeHeadRoute: false, config: { access: 'class' } },
    async (_request, reply) => {
      reply.hijack()
      const stream = reply.raw
      if (stream.destroyed) return
      for (const [name, value] of Object.entries(reply.getHeaders())) stream.setHeader(name, value ?? '')
      stream.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store, no-transform',
        // Without this header, nginx holds the stream back until nginx has collected 4 KiB of it.
        'x-accel-buffering': 'no',
      })
      const tell = () => {
        stream.write(`data: ${JSON.stringify(kit?.state ? toldOf(kit.state, mine) : null)}\n\n`)
      }
      stream.write(`retry: ${RETRY_MS}\n`)
      tell()
      const stops = [kit?.follow(tell), mine.follow(tell)]
      open.add(stream)
      stream.once('close', () => {
        for (const stop of stops) stop?.()
        open.delete(stream)
      })
    },
  )

  for (const wish of WISHES)
    app.post(`/lessons/${wish}`, { schema: { hide: true }, config }, async (_request, reply) => {
      kit?.ask(wish)
      return reply.code(204).send()
    })

  for (const [path, body] of [
    ['look', Look],
    ['start', Start],
  ] as const)
    app.post<{ Body: Static<typeof Look> | Static<typeof Start> }>(
      `/lessons/${path}`,
      { schema: { hide: true, body }, config },
      async (request, reply) => {
        kit?.ask(request.body)
        return reply.code(204).send()
      },
    )

  app.addHook('preClose', async () => {
    for (const stream of open) stream.end(() => stream.socket?.destroySoon())
  })
}

function toldOf(state: LessonState, { hopMs }: Mine): ToldLesson {
  const { checkedAtMs } = state
  return { ...state, hopMs, checkedAgoMs: checkedAtMs === null ? null : Date.now() - checkedAtMs }
}
