/** Routes for the instructor's acts over plain HTTP, for scripts and for networks that refuse WebSockets. */
import Type from 'typebox'
import { ROOM_PATTERN } from '../http/parameters.ts'
import type { App } from '../http/app-type.ts'
import type { Cut, Settings, SettingsChange } from '../protocol/lab.ts'
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

export const LabQuery = Type.Object({
  ...RoomQuery.properties,
  page: Type.Optional(
    Type.String({
      pattern: '^[a-f0-9]{8}$',
      description:
        'name of the page, 8 hexadecimal digits. The page gets the crossings and the byte counts of the lanes whose names begin with PAGE and a dot',
    }),
  ),
})

const schemas = {
  settings: {
    summary:
      'Change settings: {"ratePerSecond"} of the room, {"conditions"} of the server; omitted settings stay unchanged',
    querystring: RoomQuery,
    body: Type.Unknown(),
  },
  cut: { summary: 'Cut the feed\u2019s connections: {"how":"FIN"}, "RST" or "black hole"', body: Type.Unknown() },
  restart: {
    summary: 'Simulate a restart: goodbyes to all clients, a short time without a server, then neutral conditions',
  },
}

/** Reason why only the instructor may use these routes. */
export const EVERYBODY = 'The settings concern everybody in the room.'

const config = { access: 'instructor', why: EVERYBODY } as const

/** Acts of the instructor. */
export interface Acts {
  settings(room: string): Settings
  /** Changes settings and returns the new settings. */
  change(room: string, change: SettingsChange): Settings
  cut(how: Cut): void
  restart(): void
}

export function serveActs(app: App, acts: Acts): void {
  app.put('/lab/settings', { schema: schemas.settings, config }, async ({ query, body }) => {
    return acts.change(query.room ?? DEFAULT_ROOM, readChange(body))
  })

  app.post('/lab/cut', { schema: schemas.cut, config }, async ({ body }, reply) => {
    acts.cut(readCut(typeof body === 'object' && body !== null && 'how' in body ? body.how : undefined))
    return reply.code(204).send()
  })

  app.post('/lab/restart', { schema: schemas.restart, config }, async (_request, reply) => {
    acts.restart()
    return reply.code(204).send()
  })
}
