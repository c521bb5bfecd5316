/** Serves the show: the room and the present scene, for pages that open the lab of this room. */
import packageJson from '../../package.json' with { type: 'json' }
import type { App } from '../http/app-type.ts'
import { documentHeaders } from '../pages/page.ts'
import type { ShowSession } from '../protocol/show.ts'
import { sheetPage } from './sheet.ts'
import { sessionCsv } from './session.ts'
import type { Limiter } from '../access/limits.ts'
import Type from 'typebox'
import { FeedError, quote } from '../http/errors.ts'
import { ROOM_PATTERN } from '../http/parameters.ts'
import type { Peers } from '../peers/peers.ts'
import type { SoleWork } from '../peers/sole-work.ts'
import { createEntrance } from './entrance.ts'
import { createSharedShow } from './shared-show.ts'
import { createShow } from './show.ts'
import type { ServedShow, ShowParts } from './show.ts'

export interface ServeShowParts extends Omit<ShowParts, 'version'> {
  readonly limiter: Limiter
  readonly peers: Peers
  /** The work of running the show, if several processes share it. */
  readonly work: SoleWork | undefined
}

const ClassQuery = Type.Object({
  room: Type.Optional(
    Type.String({ pattern: ROOM_PATTERN, description: 'room of a class that has ended; default: the present class' }),
  ),
})

const schemas = {
  show: { summary: 'The room of the present class, and the scene and the step of its show' },
  json: { summary: 'A class with its scenes, votes and figures, as JSON; for the instructor', querystring: ClassQuery },
  csv: { summary: 'A class with its scenes, votes and figures, as CSV; for the instructor', querystring: ClassQuery },
}

const sheet = { access: 'instructor', why: 'The sheet contains the explanations of all scenes.' } as const
const instructor = { access: 'instructor', why: 'The session contains the votes of the class.' } as const

export function serveShow(app: App, served: ServeShowParts): ServedShow {
  const parts = { ...served, version: packageJson.version }
  const { work } = served
  const show = work ? createSharedShow({ ...parts, work }) : ownShow(parts)

  app.get('/show', { schema: schemas.show, config: { access: 'class' } }, async (_request, reply) => {
    const { room, scene, step, version } = await show.state()
    reply.header('cache-control', 'no-store')
    return { room, scene, step, version }
  })

  app.get('/stage/session.json', { schema: schemas.json, config: instructor }, async ({ query: { room } }, reply) => {
    const session = await sessionIn(room)
    reply.header('cache-control', 'no-store').header('content-disposition', attachment(session.room, 'json'))
    return session
  })

  app.get('/stage/session.csv', { schema: schemas.csv, config: instructor }, async ({ query: { room } }, reply) => {
    const session = await sessionIn(room)
    reply.header('cache-control', 'no-store').header('content-disposition', attachment(session.room, 'csv'))
    return reply.type('text/csv; charset=utf-8').send(sessionCsv(session))
  })

  app.get('/stage/sheet', { schema: { hide: true }, config: sheet }, async (_request, reply) => {
    const { addresses, address } = await show.state()
    const html = sheetPage(parts.scenes, addresses[address])
    return reply.headers(documentHeaders(html)).header('cache-control', 'no-store').send(html)
  })

  return show

  async function sessionIn(room: string | undefined): Promise<ShowSession> {
    const kept = room === undefined ? null : await show.kept(room)
    if (kept !== null) return JSON.parse(kept)
    const present = await show.session()
    if (room === undefined || room === present.room) return present
    throw new FeedError(
      'not-found',
      `No class in the room ${quote(room)} is kept.`,
      'Omit "room" for the present class.',
    )
  }
}

/** Creates a show that only this process has. */
function ownShow(parts: ServeShowParts & ShowParts): ServedShow {
  const show = createShow(parts)
  return {
    heard: createEntrance(parts, show),
    restarted: show.restarted,
    state: async () => show.state(false),
    session: async () => show.session(),
    kept: async (room) => parts.file?.kept(room) ?? null,
    stop: () => show.stop(),
  }
}

const attachment = (room: string, extension: string): string => `attachment; filename="fourwire-${room}.${extension}"`
