/** Presence by plain HTTP: what one says who has no WebSocket to say it over, and who is here. */
import Type from 'typebox'
import type { Admission } from './auth/admission.ts'
import type { Presence } from './feed/presence.ts'
import type { Limiter } from './limits.ts'
import { PERSON, Params, Query, personOf } from './transports/transport.ts'
import type { App } from './transports/transport.ts'

const Body = Type.Object({
  user: PERSON.user,
  name: Type.Optional(PERSON.name),
  client: Type.Optional(PERSON.client),
})
const querystring = Type.Pick(Query, ['lane'])

const hereSchema = { summary: 'Who is here', params: Params }
const leaveSchema = { summary: 'Is gone at once; a beacon can send it', params: Params, querystring, body: Body }
const typingSchema = {
  summary: 'Types, or does so no more; ends by itself after a few seconds',
  params: Params,
  querystring,
  body: Type.Interface([Body], { on: Type.Optional(Type.Boolean({ description: 'false where it is over' })) }),
}

export function servePresence(app: App, presence: Presence, limiter: Limiter, admission: Admission): void {
  app.get('/feed/:room/presence', { schema: hereSchema }, async ({ params: { room } }, reply) => {
    reply.header('cache-control', 'no-store')
    return presence.of(room)
  })

  app.post('/feed/:room/typing', { schema: typingSchema }, async ({ raw, params: { room }, body }, reply) => {
    admission.checkUser(raw, body)
    limiter.message(raw)
    const person = personOf(body)
    if (person) presence.typing(room, person, body.on ?? true)
    return reply.code(204).send()
  })

  app.post('/feed/:room/leave', { schema: leaveSchema }, async ({ raw, params: { room }, body }, reply) => {
    admission.checkUser(raw, body)
    limiter.message(raw)
    const person = personOf(body)
    if (person) presence.leave(room, person)
    return reply.code(204).send()
  })
}
