/** The instructor's acts by plain HTTP, for scripts, and for where a firewall refuses the lab's WebSocket. */
import Type from 'typebox'
import type { Access } from '../access.ts'
import { ROOM_PATTERN } from '../transports/transport.ts'
import type { App } from '../transports/transport.ts'
import type { Acts } from './lab.ts'
import { readChange, readCut } from './settings.ts'

export const DEFAULT_ROOM = 'lobby'

export const RoomQuery = Type.Object({
  room: Type.Optional(
    Type.String({
      pattern: ROOM_PATTERN,
      default: DEFAULT_ROOM,
      description: '1 to 32 of the characters a-z, 0-9 and "-"',
    }),
  ),
})

const schemas = {
  settings: {
    summary: 'Settings: {"ratePerSecond"} of the room, {"conditions"} of the server; what is left out stays',
    querystring: RoomQuery,
    body: Type.Unknown(),
  },
  cut: { summary: 'Cut the feed\u2019s connections: {"how":"FIN"}, "RST" or "black hole"', body: Type.Unknown() },
  restart: { summary: 'Restart: goodbyes, nobody there for a while, then neutral conditions' },
}

/** Why they are the instructor's. */
export const EVERYBODY = 'The settings concern everybody in the room.'

export function serveActs(app: App, access: Access, acts: Acts): void {
  app.put('/lab/settings', { schema: schemas.settings }, async ({ raw, query, body }) => {
    access.checkInstructor(raw, EVERYBODY)
    return acts.change(query.room ?? DEFAULT_ROOM, readChange(body))
  })

  app.post('/lab/cut', { schema: schemas.cut }, async ({ raw, body }, reply) => {
    access.checkInstructor(raw, EVERYBODY)
    acts.cut(readCut(typeof body === 'object' && body !== null && 'how' in body ? body.how : undefined))
    return reply.code(204).send()
  })

  app.post('/lab/restart', { schema: schemas.restart }, async ({ raw }, reply) => {
    access.checkInstructor(raw, EVERYBODY)
    acts.restart()
    return reply.code(204).send()
  })
}
