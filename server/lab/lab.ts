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
import { NEUTRAL } from '../wire/bend/ranges.ts'
import { serveByHttp } from './by-http.ts'
import { createCrossings } from './crossings.ts'
import { tellDrops } from './drops.ts'
import { createLaneFigures } from './lane-figures.ts'
import type { LaneReader } from './lanes.ts'
import type { LabPage } from './page.ts'
import { shareLabPages } from './remote-pages.ts'
import { parseRequest } from './request.ts'
import { DEFAULT_RATE_PER_SECOND, createLabRooms } from './rooms.ts'
import type { LabRoom } from './rooms.ts'
import { DEFAULT_ROOM, EVERYBODY, LabQuery, serveActs } from './routes.ts'
import type { Acts } from './routes.ts'
import { shareSettings } from './shared-settings.ts'
import type { Visit, Who } from './visit.ts'
import { createVisitors } from './visitors.ts'

/** Settings of a room in which no page has ever been. */
const DEFAULTS = { ratePerSecond: DEFAULT_RATE_PER_SECOND }

const REQUEST_BYTES = 4096

const schema = { summary: 'The laboratory: clock, metronome, settings (WebSocket)', querystring: LabQuery }

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
  const rooms = createLabRooms({
    feed,
    peers,
    mostTicksPerSecond: limiter.limits.ticksPerSecond,
    tellHere: ({ name, pages }) => tell(pages, { type: 'here', pages: pages.size + remote.countIn(name) }),
  })
  const remote = shareLabPages(peers, {
    came: watchLanes,
    changed(name) {
      const room = rooms.known(name)
      if (room) rooms.tellHere(room)
    },
  })
  const shared = shareSettings(peers, {
    conditions(conditions = NEUTRAL) {
      network.setConditions(conditions)
      for (const room of rooms.all()) tellSettings(room)
    },
    rate(name, ratePerSecond = DEFAULT_RATE_PER_SECOND) {
      const room = rooms.of(name)
      rooms.setRate(room, ratePerSecond)
      tellSettings(room)
      rooms.forgetIfUnused(room)
    },
    cut: cutHere,
    restart: restartHere,
  })
  const acts: Acts = { settings: (name) => settingsOf(rooms.known(name) ?? DEFAULTS), change, cut, restart }
  serveActs(app, acts)
  peers.answer('exchange', (question) => {
    const { pageName, exchange } = question as { readonly pageName: string; readonly exchange: number }
    const take = Promise.withResolvers<string | null>()
    const give = async (json: string): Promise<void> => take.resolve(json === 'null' ? null : json)
    if (crossings) crossings.inspect(pageName, exchange, give)
    else take.resolve(null)
    return take.promise
  })

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

  serveByHttp(
    app,
    { access, limiter, peers },
    { whoOf, receive, answer, time: (name, t0, t1) => time(rooms.known(name), t0, t1) },
  )

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
    const room = rooms.of(name)
    // Watch the lanes before the welcome is sent, because a page opens its lanes as soon as the page has the welcome.
    if (pageName !== undefined) watchLanes(page, pageName)
    remote.announce({ name, page, pageName })
    send(page, { type: 'welcome', room: name, ...who, settings: settingsOf(room), presets: PRESETS })
    rooms.enter(room, page, pageName)
  }

  /** Sends to a page what happens in its lanes, until the connection of the page closes. */
  function watchLanes(page: LabPage, pageName: string): void {
    crossings?.tell(page, pageName)
    figures?.tell(page, pageName)
    page.once(
      'close',
      tellDrops(progress, lanes, pageName, (message) => send(page, message)),
    )
  }

  function close(): void {
    rooms.rest()
    figures?.stop()
    for (const { pages } of rooms.all()) for (const page of pages) page.close(SERVICE_RESTART, 'The server restarts.')
  }

  async function answer({ name, page, pageName, from }: Visit, text: string): Promise<void> {
    // Take the time before the message is parsed, because parsing counts as part of the server's time.
    const t1 = now()
    try {
      const request = parseRequest(text)
      if (request.type === 'clock') return send(page, time(rooms.of(name), request.t0, t1))
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
    if (pageName === undefined || !crossings) return void sendFound('null')
    crossings.inspect(pageName, exchange, async (json) =>
      sendFound(json === 'null' ? await elsewhere(pageName, exchange) : json),
    )
  }

  /** Asks the other processes for an exchange, and returns it as JSON. */
  async function elsewhere(pageName: string, exchange: number): Promise<string> {
    const [found] = await peers.ask('exchange', { pageName, exchange })
    return found ? String(found.answer) : 'null'
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
    const room = rooms.of(name)
    if (ratePerSecond !== undefined) {
      rooms.setRate(room, ratePerSecond)
      shared.rate(name, ratePerSecond === DEFAULT_RATE_PER_SECOND ? undefined : ratePerSecond)
    }
    if (conditions) {
      network.setConditions({ ...network.conditions, ...conditions })
      shared.conditions(network.conditions)
    }
    // Conditions apply to the whole server, so the pages of all rooms get the new settings.
    for (const each of conditions ? rooms.all() : [room]) tellSettings(each)
    return settingsOf(room)
  }

  function tellSettings(room: LabRoom): void {
    tell(room.pages, { type: 'settings', settings: settingsOf(room) })
  }

  function cut(how: Cut): void {
    cutHere(how)
    shared.cut(how)
  }

  function cutHere(how: Cut): void {
    network.cut(how)
    const at = now()
    for (const room of rooms.all()) tell(room.pages, { type: 'cut', how, at })
  }

  /** Simulates a restart of the server. All settings return to their defaults, as in a new process. */
  function restart(): void {
    restartHere()
    shared.restart()
  }

  function restartHere(): void {
    close()
    for (const room of rooms.all()) room.ratePerSecond = DEFAULT_RATE_PER_SECOND
    network.restart()
    theShow.restarted()
  }

  function settingsOf({ ratePerSecond }: Pick<LabRoom, 'ratePerSecond'>): Settings {
    return { ratePerSecond, conditions: network.conditions }
  }
}

/** Creates the answer to a clock message. `t2` is the time at which the answer is sent, so `now` is called last. */
function time(room: LabRoom | undefined, t0: number, t1: number): Extract<LabMessage, { type: 'clock' }> {
  const serviceMs = room?.metronome.serviceMs() ?? null
  const slipMs = room?.metronome.slipMs() ?? null
  return { type: 'clock', t0, t1, t2: now(), serviceMs, slipMs }
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
