/**
 * What makes it a laboratory, over a WebSocket of its own (`GET /lab?room=…`): the clock that
 * pages set theirs by, the metronome, the settings of the room, how many pages are here. It is
 * no lane: nothing of what is compared goes over it.
 */
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { WebSocket } from 'ws'
import type { Access } from '../access.ts'
import { FeedError, errorMessage, quote } from '../errors.ts'
import type { Feed } from '../feed/feed.ts'
import { now } from '../now.ts'
import type { LabMessage, Settings } from '../protocol.ts'
import { ROOM_PATTERN } from '../transports/transport.ts'
import type { App, Goodbye } from '../transports/transport.ts'
import { SERVICE_RESTART, createHandshakes, takeUpgrade } from '../upgrade.ts'
import { createMetronome } from './metronome.ts'
import type { Metronome } from './metronome.ts'

/** Changes of one second's worth of pages coming and going are told together. */
const HERE_MS = 200

const DEFAULT_ROOM = 'lobby'

const REQUEST_BYTES = 4096

const DEFAULTS: Settings = { ratePerSecond: 1 }

const MAX_RATE_PER_SECOND = 20

const Request = Compile(
  Type.Union([
    Type.Object({ type: Type.Literal('clock'), t0: Type.Number() }),
    Type.Object({
      type: Type.Literal('settings'),
      settings: Type.Object({
        ratePerSecond: Type.Optional(Type.Number({ minimum: 0, maximum: MAX_RATE_PER_SECOND })),
      }),
    }),
  ]),
)

const schema = {
  summary: 'The laboratory: clock, metronome, settings (WebSocket)',
  querystring: Type.Object({
    room: Type.Optional(
      Type.String({
        pattern: ROOM_PATTERN,
        default: DEFAULT_ROOM,
        description: '1 to 32 of the characters a-z, 0-9 and "-"',
      }),
    ),
  }),
}

/** A room with a page in it. Without one its metronome rests: nobody would see the ticks. */
interface LabRoom {
  readonly pages: Set<WebSocket>
  readonly metronome: Metronome
  settings: Settings
  telling: ReturnType<typeof setTimeout> | undefined
}

export function serveLab(app: App, feed: Feed, access: Access): Goodbye {
  const server = createHandshakes(REQUEST_BYTES)
  const rooms = new Map<string, LabRoom>()

  app.get('/lab', { schema }, async (request, reply) => {
    const { room: name = DEFAULT_ROOM } = request.query
    const instructor = access.isInstructor(request.raw)
    const { cursor } = await feed.since(name, undefined, 0)
    const { request: raw, socket, head } = takeUpgrade(request, reply)
    server.handleUpgrade(raw, socket, head, (page) => {
      const room = rooms.get(name) ?? open(name)
      page.on('error', () => {})
      page.on('close', () => leave(room, page))
      page.on('message', (data) => answer(room, page, instructor, String(data)))
      send(page, { type: 'welcome', room: name, cursor, instructor, settings: room.settings })
      enter(room, page)
    })
  })

  return () => {
    for (const { metronome, telling } of rooms.values()) {
      metronome.stop()
      clearTimeout(telling)
    }
    for (const page of server.clients) page.close(SERVICE_RESTART, 'The server restarts.')
  }

  function open(name: string): LabRoom {
    const room: LabRoom = {
      pages: new Set(),
      metronome: createMetronome(feed, name),
      settings: DEFAULTS,
      telling: undefined,
    }
    rooms.set(name, room)
    return room
  }
}

function enter(room: LabRoom, page: WebSocket): void {
  room.pages.add(page)
  if (room.pages.size === 1) room.metronome.setRate(room.settings.ratePerSecond)
  tellHere(room)
}

function leave(room: LabRoom, page: WebSocket): void {
  room.pages.delete(page)
  if (room.pages.size === 0) room.metronome.stop()
  tellHere(room)
}

function answer(room: LabRoom, page: WebSocket, instructor: boolean, text: string): void {
  // The first thing done with any message: parsing it is part of the server's time, not of the wire's.
  const t1 = now()
  try {
    const request = parse(text)
    if (request.type === 'settings') return change(room, instructor, request.settings)
    const { metronome } = room
    const answer: LabMessage = {
      type: 'clock',
      t0: request.t0,
      t1,
      t2: 0,
      serviceMs: metronome.serviceMs(),
      slipMs: metronome.slipMs(),
    }
    send(page, { ...answer, t2: now() })
  } catch (error) {
    if (!(error instanceof FeedError)) throw error
    send(page, errorMessage(error))
  }
}

function parse(text: string) {
  const value = parseJson(text)
  if (Request.Check(value)) return value
  throw new FeedError(
    'bad-message',
    `${quote(value)} is no message of the lab.`,
    `Send {"type":"clock","t0":0} or {"type":"settings","settings":{"ratePerSecond":1}}; the rate goes from 0 to ${MAX_RATE_PER_SECOND}.`,
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new FeedError('bad-message', `${quote(text)} is no JSON.`)
  }
}

function change(room: LabRoom, instructor: boolean, settings: { ratePerSecond?: number | undefined }): void {
  if (!instructor) throw new FeedError('not-instructor', 'The settings concern everybody in the room.')
  room.settings = { ratePerSecond: settings.ratePerSecond ?? room.settings.ratePerSecond }
  room.metronome.setRate(room.settings.ratePerSecond)
  for (const page of room.pages) send(page, { type: 'settings', settings: room.settings })
}

function tellHere(room: LabRoom): void {
  room.telling ??= setTimeout(() => {
    room.telling = undefined
    for (const page of room.pages) send(page, { type: 'here', pages: room.pages.size })
  }, HERE_MS)
}

function send(page: WebSocket, message: LabMessage): void {
  if (page.readyState === page.OPEN) page.send(JSON.stringify(message))
}
