/**
 * The lab serves the clock, the metronome, the settings, the faults and the number of pages. Each page has a separate
 * WebSocket to the lab (`GET /lab?room=…`). The lab's WebSocket is not a lane: it carries no event whose delivery is
 * measured.
 */
import type { IncomingMessage } from 'node:http'
import type { Access } from '../access/access.ts'
import { visitorOf } from '../access/visitor.ts'
import { hear } from '../access/conversation.ts'
import { FeedError, errorMessage } from '../http/errors.ts'
import type { Feed } from '../feed/feed.ts'
import type { Presence } from '../feed/presence.ts'
import type { Limiter } from '../access/limits.ts'
import type { Network } from './network.ts'
import { now } from '../now.ts'
import type { Peers } from '../peers/peers.ts'
import { PRICES, priceOfInspection } from '../access/prices.ts'
import type { Cut, LabMessage, Settings, SettingsChange } from '../protocol/lab.ts'
import type { ProgressWatch } from '../transports/progress.ts'
import type { App } from '../http/app-type.ts'
import type { Goodbye } from '../transports/transport.ts'
import { SERVICE_RESTART, TRY_AGAIN_LATER, UNAUTHORIZED, createHandshakes, takeUpgrade } from '../http/upgrade.ts'
import type { Capture } from '../wire/capture/capture.ts'
import type { Meter } from '../wire/meter/meter.ts'
import { PRESETS } from '../wire/bend/presets.ts'
import { serveByHttp } from './by-http.ts'
import { createCrossings } from './crossings.ts'
import { tellDrops } from './drops.ts'
import { createLaneFigures } from './lane-figures.ts'
import { createMetronome } from './metronome.ts'
import type { Metronome } from './metronome.ts'
import type { LaneReader } from './lanes.ts'
import type { LabPage } from './page.ts'
import { parseRequest } from './request.ts'
import { DEFAULT_ROOM, EVERYBODY, LabQuery, serveActs } from './routes.ts'
import type { Acts } from './routes.ts'
import type { Visit, Who } from './visit.ts'
import { createVisitors } from './visitors.ts'

/**
 * Delay before the lab tells the number of pages, so that one message announces all pages that come or go in this time.
 */
const HERE_MS = 200

const DEFAULT_RATE_PER_SECOND = 1

/** Settings of a room in which no page has ever been. */
const DEFAULTS = { ratePerSecond: DEFAULT_RATE_PER_SECOND }

const REQUEST_BYTES = 4096

const schema = { summary: 'The laboratory: clock, metronome, settings (WebSocket)', querystring: LabQuery }

/**
 * Room of the lab. The metronome of a room runs only while a page is in the room, because only pages show the ticks.
 */
interface LabRoom {
  readonly pages: Set<LabPage>
  readonly metronome: Metronome
  /** Number of pages in the room whose connection gave the name of the page. */
  named: number
  ratePerSecond: number
  telling: ReturnType<typeof setTimeout> | undefined
}

/** Instruments that count and record the bytes below HTTP. */
export interface Instruments {
  readonly meter: Meter
  readonly capture: Capture
}

export interface LabParts {
  readonly feed: Feed
  readonly access: Access
  readonly limiter: Limiter
  readonly network: Network
  readonly progress: ProgressWatch
  readonly presence: Presence
  readonly peers: Peers
  readonly lanes: LaneReader
  /**
   * Null if the server does not measure bytes. If `instruments` is null, the pages get neither byte counts nor
   * crossings.
   */
  readonly instruments: Instruments | null
  readonly show: ShowListener
}

/** The show, which uses the lab. The lab hands over what pages say to the show. */
export interface ShowListener {
  /** Answers what a page has said to the show. Throws or rejects with an error for this page. */
  heard(visit: Visit, saying: object): Promise<void>
  /** The lab calls this after a simulated restart, when all settings are neutral. */
  restarted(): void
}

export interface ServedLab {
  readonly acts: Acts
  readonly leave: Goodbye
}

export function serveLab(
  app: App,
  { feed, access, limiter, network, progress, presence, peers, lanes, instruments, show: theShow }: LabParts,
): ServedLab {
  const server = createHandshakes(REQUEST_BYTES)
  const figures =
    instruments &&
    createLaneFigures(instruments.meter, (pages, life, lanes) => tell(pages, { type: 'lanes', life, lanes }))
  const crossings =
    instruments && createCrossings(instruments.capture, (page, crossings) => send(page, { type: 'wire', crossings }))
  const visitors = createVisitors(presence, send)
  const rooms = new Map<string, LabRoom>()
  const acts: Acts = { settings: (name) => settingsOf(rooms.get(name) ?? DEFAULTS), change, cut, restart }
  serveActs(app, acts)

  const config = { access: 'class', price: PRICES.handshake } as const
  app.get('/lab', { schema, exposeHeadRoute: false, config }, async (request, reply) => {
    const { room: name = DEFAULT_ROOM, page: pageName } = request.query
    const who = await whoOf(request.raw, name)
    const { request: raw, socket, head } = takeUpgrade(request, reply)
    server.handleUpgrade(raw, socket, head, (page) => {
      page.on('error', () => {})
      try {
        page.once('close', limiter.hold(raw))
      } catch (error) {
        return page.close(TRY_AGAIN_LATER, error instanceof Error ? error.message : String(error))
      }
      access.onEnd(raw, () => page.close(UNAUTHORIZED, 'session-expired'))
      const visit = { name, page, pageName, from: raw }
      hear(page, raw, limiter, (text) => answer(visit, text))
      receive(visit, who)
    })
  })

  serveByHttp(app, access, limiter, { whoOf, receive, answer, time: (name, t0, t1) => time(rooms.get(name), t0, t1) })

  return {
    acts,
    leave() {
      close()
      crossings?.stop()
    },
  }

  async function whoOf(from: IncomingMessage, name: string): Promise<Who> {
    const instructor = access.isInstructor(from)
    const user = visitorOf(from).session?.user || null
    const { cursor } = await feed.since(name, undefined, 0)
    return { cursor, instructor, user }
  }

  /** Sends the welcome to a page, and then sends messages until the connection of the page closes. */
  function receive({ name, page, pageName }: Visit, who: Who): void {
    const room = roomOf(name)
    page.once('close', () => {
      leave(room, page, pageName)
      if (isForgotten(room)) rooms.delete(name)
    })
    // Watch the lanes before the welcome is sent, because a page opens its lanes as soon as the page has the welcome.
    if (pageName !== undefined) crossings?.tell(page, pageName)
    send(page, { type: 'welcome', room: name, ...who, settings: settingsOf(room), presets: PRESETS })
    enter(room, page, pageName)
    if (pageName === undefined) return
    figures?.tell(page, pageName)
    page.once(
      'close',
      tellDrops(progress, lanes, pageName, (message) => send(page, message)),
    )
  }

  function close(): void {
    for (const room of rooms.values()) {
      room.metronome.stop()
      clearTimeout(room.telling)
      room.telling = undefined
    }
    figures?.stop()
    for (const { pages } of rooms.values())
      for (const page of pages) page.close(SERVICE_RESTART, 'The server restarts.')
  }

  async function answer({ name, page, pageName, from }: Visit, text: string): Promise<void> {
    // Take the time before the message is parsed, because parsing counts as part of the server's time.
    const t1 = now()
    try {
      const request = parseRequest(text)
      if (request.type === 'clock') return send(page, time(roomOf(name), request.t0, t1))
      await limiter.spend(from, PRICES[request.type])
      if (request.type === 'show') return await theShow.heard({ name, page, pageName, from }, request.saying)
      if (request.type === 'inspect') return show(page, pageName, from, request.exchange)
      if (request.type === 'here') {
        access.checkUser(from, { user: request.userId, name: request.name })
        return visitors.here(page, name, { userId: request.userId, name: request.name, client: pageName ?? '' })
      }
      if (request.type === 'typing') access.checkSpeaker(from, {})
      if (request.type === 'typing') return visitors.typing(page, name, request.on)
      if (request.type === 'instructor') return admit(page, from, request.token)
      if (!access.isInstructor(from)) throw new FeedError('not-instructor', EVERYBODY)
      if (request.type === 'settings') change(name, request.settings)
      else if (request.type === 'cut') cut(request.how)
      else restart()
    } catch (error) {
      if (!(error instanceof FeedError)) throw error
      send(page, errorMessage(error))
    }
  }

  function show(page: LabPage, pageName: string | undefined, from: IncomingMessage, exchange: number): void {
    const sendFound = async (json: string): Promise<void> => {
      await sendText(page, `{"type":"inspected","exchange":${JSON.stringify(exchange)},"found":${json}}`)
      // The next inspection for this page waits until the limiter has accepted the price of this inspection.
      await limiter.spend(from, priceOfInspection(json.length), Infinity)
    }
    if (pageName === undefined || !crossings) void sendFound('null')
    else crossings.inspect(pageName, exchange, sendFound)
  }

  /**
   * Gives a page the rights of the instructor. A page that already has these rights keeps them, even if the token is
   * wrong.
   */
  function admit(page: LabPage, from: IncomingMessage, token: string): void {
    if (!access.isInstructor(from)) access.claim(from, token)
    send(page, { type: 'instructor', instructor: true })
  }

  function change(name: string, { ratePerSecond, conditions }: SettingsChange): Settings {
    const room = roomOf(name)
    if (ratePerSecond !== undefined) {
      room.ratePerSecond = ratePerSecond
      if (room.pages.size > 0) room.metronome.setRate(ratePerSecond)
    }
    if (conditions) network.setConditions({ ...network.conditions, ...conditions })
    // Conditions apply to the whole server, so the pages of all rooms get the new settings.
    for (const changed of conditions ? rooms.values() : [room])
      tell(changed.pages, { type: 'settings', settings: settingsOf(changed) })
    return settingsOf(room)
  }

  function cut(how: Cut): void {
    network.cut(how)
    const at = now()
    for (const room of rooms.values()) tell(room.pages, { type: 'cut', how, at })
  }

  /** Simulates a restart of the server. All settings return to their defaults, as in a new process. */
  function restart(): void {
    close()
    for (const room of rooms.values()) room.ratePerSecond = DEFAULT_RATE_PER_SECOND
    network.restart()
    theShow.restarted()
  }

  function roomOf(name: string): LabRoom {
    const room = rooms.get(name) ?? {
      pages: new Set(),
      metronome: createMetronome(feed, name, () => shareOf(name), peers.lease),
      named: 0,
      ratePerSecond: DEFAULT_RATE_PER_SECOND,
      telling: undefined,
    }
    rooms.set(name, room)
    return room
  }

  /**
   * Returns the share of its ticks that a room may publish, from 0 to 1. Rooms with named pages have priority, so that
   * a client with hundreds of unnamed connections slows down only rooms without a named page.
   */
  function shareOf(name: string): number {
    const most = limiter.limits.ticksPerSecond
    const { named, unnamed } = wanted()
    return (rooms.get(name)?.named ?? 0) > 0
      ? Math.min(1, most / named)
      : Math.min(1, Math.max(0, most - named) / unnamed)
  }

  /**
   * Returns the sum of the tick rates of all rooms that have a page: of the rooms with a named page, and of the other
   * rooms.
   */
  function wanted(): { named: number; unnamed: number } {
    const sum = { named: 0, unnamed: 0 }
    for (const { pages, named, ratePerSecond } of rooms.values())
      if (pages.size > 0) sum[named > 0 ? 'named' : 'unnamed'] += ratePerSecond
    return sum
  }

  function settingsOf({ ratePerSecond }: Pick<LabRoom, 'ratePerSecond'>): Settings {
    return { ratePerSecond, conditions: network.conditions }
  }
}

/**
 * Returns true if a room has no page and has default settings. The lab can delete the room and create an equal room
 * later.
 */
const isForgotten = ({ pages, ratePerSecond }: LabRoom): boolean =>
  pages.size === 0 && ratePerSecond === DEFAULT_RATE_PER_SECOND

function enter(room: LabRoom, page: LabPage, pageName: string | undefined): void {
  room.pages.add(page)
  if (pageName !== undefined) room.named += 1
  if (room.pages.size === 1) room.metronome.setRate(room.ratePerSecond)
  tellHere(room)
}

function leave(room: LabRoom, page: LabPage, pageName: string | undefined): void {
  if (room.pages.delete(page) && pageName !== undefined) room.named -= 1
  if (room.pages.size > 0) return tellHere(room)
  room.metronome.stop()
  // No page is left that needs the number of pages, and the timer would keep a deleted room in memory.
  clearTimeout(room.telling)
  room.telling = undefined
}

/** Creates the answer to a clock message. `t2` is the time at which the answer is sent, so `now` is called last. */
function time(room: LabRoom | undefined, t0: number, t1: number): Extract<LabMessage, { type: 'clock' }> {
  const serviceMs = room?.metronome.serviceMs() ?? null
  const slipMs = room?.metronome.slipMs() ?? null
  return { type: 'clock', t0, t1, t2: now(), serviceMs, slipMs }
}

function tellHere(room: LabRoom): void {
  room.telling ??= setTimeout(() => {
    room.telling = undefined
    tell(room.pages, { type: 'here', pages: room.pages.size })
  }, HERE_MS)
}

/** Sends a message to several pages. Converts the message to JSON only once. */
function tell(pages: Iterable<LabPage>, message: LabMessage): void {
  const text = JSON.stringify(message)
  for (const page of pages) if (page.readyState === page.OPEN) page.send(text)
}

function send(page: LabPage, message: LabMessage): void {
  if (page.readyState === page.OPEN) page.send(JSON.stringify(message))
}

/** Sends a text to a page. Resolves when the kernel has taken the text, or when the page has left. */
const sendText = (page: LabPage, text: string): Promise<void> =>
  new Promise((resolve) => page.send(text, () => resolve()))
