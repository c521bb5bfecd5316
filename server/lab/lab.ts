/**
 * What makes it a laboratory, over a WebSocket of its own (`GET /lab?room=…`): the clock that
 * pages set theirs by, the metronome, the settings, the faults, how many pages are here. It is
 * no lane: nothing of what is compared goes over it.
 */
import type { IncomingMessage } from 'node:http'
import Type from 'typebox'
import type { WebSocket } from 'ws'
import type { Access } from '../access.ts'
import type { Admission } from '../auth/admission.ts'
import { FeedError, errorMessage } from '../errors.ts'
import type { Feed } from '../feed/feed.ts'
import type { Presence } from '../feed/presence.ts'
import type { Network } from '../network.ts'
import { now } from '../now.ts'
import type { Cut, LabMessage, Settings, SettingsChange } from '../protocol.ts'
import type { Progress } from '../transports/progress.ts'
import type { App, Goodbye } from '../transports/transport.ts'
import { SERVICE_RESTART, createHandshakes, takeUpgrade } from '../upgrade.ts'
import type { Capture } from '../wire/capture.ts'
import type { Meter } from '../wire/meter.ts'
import { PRESETS } from '../wire/presets.ts'
import { createCrossings } from './crossings.ts'
import { tellDrops } from './drops.ts'
import { createLaneFigures } from './lane-figures.ts'
import { createMetronome } from './metronome.ts'
import type { Metronome } from './metronome.ts'
import { parseRequest } from './request.ts'
import { DEFAULT_ROOM, EVERYBODY, RoomQuery, serveActs } from './routes.ts'
import { createVisitors } from './visitors.ts'

/** Changes of one second's worth of pages coming and going are told together. */
const HERE_MS = 200

const DEFAULT_RATE_PER_SECOND = 1

const REQUEST_BYTES = 4096

const Query = Type.Object({
  ...RoomQuery.properties,
  page: Type.Optional(
    Type.String({
      pattern: '^[a-f0-9]{8}$',
      description: 'tells what crosses in the lanes named PAGE.…, and what they have used',
    }),
  ),
})

const schema = { summary: 'The laboratory: clock, metronome, settings (WebSocket)', querystring: Query }

/** What the instructor may do, from wherever it is asked for. */
export interface Acts {
  /** Answers what holds from now on. */
  change(room: string, change: SettingsChange): Settings
  cut(how: Cut): void
  restart(): void
}

/** A room with a page in it. Without one its metronome rests: nobody would see the ticks. */
interface LabRoom {
  readonly pages: Set<WebSocket>
  readonly metronome: Metronome
  ratePerSecond: number
  telling: ReturnType<typeof setTimeout> | undefined
}

/** A page's conversation with the lab of a room. */
interface Visit {
  /** Of the room. */
  readonly name: string
  readonly page: WebSocket
  readonly pageName: string | undefined
  readonly from: IncomingMessage
}

/** What knows the wire's bytes. */
export interface Instruments {
  readonly meter: Meter
  readonly capture: Capture
}

export interface LabParts {
  readonly feed: Feed
  readonly access: Access
  readonly admission: Admission
  readonly network: Network
  readonly progress: Progress
  readonly presence: Presence
  /** Without them nobody is told what the lanes use, nor what crosses in them. */
  readonly instruments: Instruments | null
}

export function serveLab(
  app: App,
  { feed, access, admission, network, progress, presence, instruments }: LabParts,
): Goodbye {
  const server = createHandshakes(REQUEST_BYTES)
  const figures =
    instruments && createLaneFigures(instruments.meter, (page, lanes) => send(page, { type: 'lanes', lanes }))
  const crossings =
    instruments && createCrossings(instruments.capture, (page, crossings) => send(page, { type: 'wire', crossings }))
  const visitors = createVisitors(presence, send)
  const rooms = new Map<string, LabRoom>()
  const instructors = new WeakSet<WebSocket>()
  const acts: Acts = { change, cut, restart }
  serveActs(app, access, acts)

  app.get('/lab', { schema }, async (request, reply) => {
    const { room: name = DEFAULT_ROOM, page: pageName } = request.query
    const instructor = access.isInstructor(request.raw)
    const { cursor } = await feed.since(name, undefined, 0)
    const { request: raw, socket, head } = takeUpgrade(request, reply)
    server.handleUpgrade(raw, socket, head, (page) => {
      const room = roomOf(name)
      page.on('error', () => {})
      page.on('close', () => {
        leave(room, page)
        if (isForgotten(room)) rooms.delete(name)
      })
      page.on('message', (data) => answer({ name, page, pageName, from: raw }, String(data)))
      if (instructor) instructors.add(page)
      // First of all: once it is welcome it opens its lanes.
      if (pageName !== undefined) crossings?.tell(page, pageName)
      send(page, { type: 'welcome', room: name, cursor, instructor, settings: settingsOf(room), presets: PRESETS })
      enter(room, page)
      if (pageName === undefined) return
      figures?.tell(page, pageName)
      page.once(
        'close',
        tellDrops(progress, pageName, (message) => send(page, message)),
      )
    })
  })

  return () => {
    close()
    crossings?.stop()
  }

  function close(): void {
    for (const room of rooms.values()) {
      room.metronome.stop()
      clearTimeout(room.telling)
      room.telling = undefined
    }
    figures?.stop()
    for (const page of server.clients) page.close(SERVICE_RESTART, 'The server restarts.')
  }

  function answer({ name, page, pageName, from }: Visit, text: string): void {
    // The first thing done with any message: parsing it is part of the server's time, not of the wire's.
    const t1 = now()
    try {
      const request = parseRequest(text)
      if (request.type === 'clock') return tellTime(page, roomOf(name), request.t0, t1)
      if (request.type === 'inspect') return show(page, pageName, request.exchange)
      if (request.type === 'here') {
        admission.checkUser(from, { name: request.name })
        return visitors.here(page, name, { userId: request.userId, name: request.name, client: pageName ?? '' })
      }
      if (request.type === 'typing') return visitors.typing(page, name, request.on)
      if (request.type === 'instructor') return admit(page, from, request.token)
      if (!instructors.has(page)) throw new FeedError('not-instructor', EVERYBODY)
      if (request.type === 'settings') change(name, request.settings)
      else if (request.type === 'cut') cut(request.how)
      else restart()
    } catch (error) {
      if (!(error instanceof FeedError)) throw error
      send(page, errorMessage(error))
    }
  }

  function show(page: WebSocket, pageName: string | undefined, exchange: number): void {
    const found = pageName === undefined ? null : (crossings?.inspect(pageName, exchange) ?? null)
    send(page, { type: 'inspected', exchange, found })
  }

  /** Who is the instructor already needs no token, and cannot lose by a wrong one. */
  function admit(page: WebSocket, from: IncomingMessage, token: string): void {
    if (!instructors.has(page)) access.checkToken(token, from)
    instructors.add(page)
    send(page, { type: 'instructor', instructor: true })
  }

  function change(name: string, { ratePerSecond, conditions }: SettingsChange): Settings {
    const room = roomOf(name)
    if (ratePerSecond !== undefined) {
      room.ratePerSecond = ratePerSecond
      if (room.pages.size > 0) room.metronome.setRate(ratePerSecond)
    }
    if (conditions) network.setConditions({ ...network.conditions, ...conditions })
    // Conditions are for the whole server, so all rooms are told.
    for (const told of conditions ? rooms.values() : [room])
      tell(told, { type: 'settings', settings: settingsOf(told) })
    return settingsOf(room)
  }

  function cut(how: Cut): void {
    network.cut(how)
    const at = now()
    for (const room of rooms.values()) tell(room, { type: 'cut', how, at })
  }

  /** What was set does not outlive it, as it would not outlive the process. */
  function restart(): void {
    close()
    for (const room of rooms.values()) room.ratePerSecond = DEFAULT_RATE_PER_SECOND
    network.restart()
  }

  function roomOf(name: string): LabRoom {
    const room = rooms.get(name) ?? {
      pages: new Set(),
      metronome: createMetronome(feed, name),
      ratePerSecond: DEFAULT_RATE_PER_SECOND,
      telling: undefined,
    }
    rooms.set(name, room)
    return room
  }

  function settingsOf({ ratePerSecond }: LabRoom): Settings {
    return { ratePerSecond, conditions: network.conditions }
  }
}

/** Nobody is in it, and nothing about it is other than it would be anew. */
const isForgotten = ({ pages, ratePerSecond }: LabRoom): boolean =>
  pages.size === 0 && ratePerSecond === DEFAULT_RATE_PER_SECOND

function enter(room: LabRoom, page: WebSocket): void {
  room.pages.add(page)
  if (room.pages.size === 1) room.metronome.setRate(room.ratePerSecond)
  tellHere(room)
}

function leave(room: LabRoom, page: WebSocket): void {
  room.pages.delete(page)
  if (room.pages.size > 0) return tellHere(room)
  room.metronome.stop()
  // Nobody is left to be told; a room that is forgotten now would keep its timer.
  clearTimeout(room.telling)
  room.telling = undefined
}

function tellTime(page: WebSocket, { metronome }: LabRoom, t0: number, t1: number): void {
  const answer: LabMessage = {
    type: 'clock',
    t0,
    t1,
    t2: 0,
    serviceMs: metronome.serviceMs(),
    slipMs: metronome.slipMs(),
  }
  send(page, { ...answer, t2: now() })
}

function tellHere(room: LabRoom): void {
  room.telling ??= setTimeout(() => {
    room.telling = undefined
    tell(room, { type: 'here', pages: room.pages.size })
  }, HERE_MS)
}

function tell(room: LabRoom, message: LabMessage): void {
  for (const page of room.pages) send(page, message)
}

function send(page: WebSocket, message: LabMessage): void {
  if (page.readyState === page.OPEN) page.send(JSON.stringify(message))
}
