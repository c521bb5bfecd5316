/**
 * Presence over plain HTTP: the list of people who are present, and the reports that clients without a WebSocket send.
 */
import Type from 'typebox'
import type { Access } from '../access/access.ts'
import type { Presence } from '../feed/presence.ts'
import type { Limiter } from '../access/limits.ts'
import { PERSON, Params, Query, personOf } from '../http/parameters.ts'
import { JSON_TYPE, presenceJson } from '../transports/encoding.ts'
import type { App } from '../http/app-type.ts'

const Body = Type.Object({
  user: PERSON.user,
  name: Type.Optional(PERSON.name),
  client: Type.Optional(PERSON.client),
})
const querystring = Type.Pick(Query, ['lane'])

const hereSchema = { summary: 'The people who are present in the room', params: Params }
const leaveSchema = {
  summary: 'Report that a client leaves; a page can send this as a beacon',
  params: Params,
  querystring,
  body: Body,
}
const typingSchema = {
  summary: 'Report that a person types or has stopped typing; typing ends by itself after a few seconds',
  params: Params,
  querystring,
  body: Type.Interface([Body], {
    on: Type.Optional(Type.Boolean({ description: 'false if the person has stopped typing' })),
  }),
}

const config = { access: 'class' } as const

export function servePresence(
  app: App,
  presence: Presence,
  limiter: Limiter,
  access: Pick<Access, 'checkUser' | 'checkSpeaker'>,
): void {
  app.get('/feed/:room/presence', { schema: hereSchema, config }, async ({ params: { room } }, reply) => {
    reply.header('cache-control', 'no-store').type(JSON_TYPE)
    return presenceJson(presence.of(room))
  })

  app.post('/feed/:room/typing', { schema: typingSchema, config }, async ({ raw, params: { room }, body }, reply) => {
    access.checkSpeaker(raw, body)
    limiter.message(raw)
    const person = personOf(body)
    if (person) presence.typing(room, person, body.on ?? true)
    return reply.code(204).send()
  })

  app.post('/feed/:room/leave', { schema: leaveSchema, config }, async ({ raw, params: { room }, body }, reply) => {
    access.checkUser(raw, body)
    limiter.message(raw)
    const person = personOf(body)
    if (person) presence.leave(room, person)
    return reply.code(204).send()
  })
}
