/**
 * Connects the page to the lab. The lab sends the room's cursor, settings and people, and the time. The connection
 * reconnects by itself until the page stops it.
 */
import type { RoomPresence } from '../../server/protocol/feed.ts'
import type { Cut, LabMessage, LabRequest, Settings, SettingsChange } from '../../server/protocol/lab.ts'
import type { ShowMessage, ShowNews, ShowRequest, ShowSaying } from '../../server/protocol/show.ts'
import type { Crossing, Inspected, LaneBytes } from '../../server/protocol/wire.ts'
import type { ClockSample } from '../measure/clock.ts'
import { now } from '../now.ts'
import { startDeadline } from '../transports/deadline.ts'
import { byHttp, bySocket } from './lab-line.ts'
import type { LabLine } from './lab-line.ts'

export interface LabListener {
  welcome(welcome: Extract<LabMessage, { type: 'welcome' }>): void
  clock(sample: ClockSample, serviceMs: number | null, slipMs: number | null): void
  settings(settings: Settings): void
  /** The connection calls this when the server has accepted the instructor's token. */
  instructor(): void
  here(pages: number): void
  presence(presence: RoomPresence): void
  /** The connection calls this when the lab has cut the feed's connections. */
  cut(how: Cut): void
  /** The connection calls this when the server dropped a lane of this page, because the lane read too slowly. */
  dropped(lane: string, reason: string): void
  /**
   * The connection calls this twice a second with the bytes that this page's lanes have used. After a restart, the
   * server has a new `life` and counts from 0 again.
   */
  lanes(life: string, lanes: readonly LaneBytes[]): void
  /** The connection calls this with reports of bytes that crossed the wire in this page's lanes. */
  wire(crossings: readonly Crossing[]): void
  /** The connection calls this with each message of the show. */
  show(message: ShowMessage): void
  trouble(sentence: string, code: string): void
  /**
   * The connection calls this when the page has lost the connection. The next connection may reach another server with
   * another clock.
   */
  lost(): void
}

export interface Lab {
  /** Time of the server's last message, on this page's clock; 0 before the first message. */
  readonly heardAtMs: number
  readonly open: boolean
  /** True if the network refuses WebSockets and the line uses plain HTTP. */
  readonly isByHttp: boolean
  /** Asks the server to change settings. Without a connection, nothing happens. */
  set(settings: SettingsChange): void
  cut(how: Cut): void
  restart(): void
  /**
   * Fetches the bytes of an exchange; null if the server no longer keeps these bytes. Rejects with a sentence if the
   * server does not answer.
   */
  inspect(exchange: number): Promise<Inspected | null>
  /** Asks for the instructor's rights with this token. The rights end with the connection. */
  claim(token: string): void
  /** Tells the server who is at this page. This holds until the connection ends. */
  introduce(userId: string, name: string): void
  typing(on: boolean): void
  /** Says something to the show. Without a connection, nothing happens. */
  say(saying: ShowSaying): void
  /**
   * Asks the server for the time. Calls `unanswered` if the server does not answer within a few seconds. Without a
   * connection no check is possible, so this method begins to connect and returns false.
   */
  check(unanswered: () => void): boolean
  stop(): void
}

/**
 * Number of quick clock exchanges at the start. The quick exchanges give a good error bound within a few round trips.
 * Later exchanges correct the drift.
 */
const BURST = 8
const CLOCK_EVERY_MS = 2000
/** If the server is silent for this time, two clock exchanges are missing and the line counts as dead. */
const SILENT_MS = 2.5 * CLOCK_EVERY_MS
const RETRY_FIRST_MS = 300
const RETRY_LONGEST_MS = 5000
/** Time limit for an answer to `inspect`. A round trip on any usable network is shorter. */
const INSPECT_MS = 5000
const CHECK_MS = 3000
/** Interval between attempts to open a WebSocket while the page uses plain HTTP. */
const PROBE_MS = 20_000

/** Opens the connection to the lab. `page` is the prefix of the name that each lane of this page has at the server. */
export function openLab(origin: string, room: string, page: string, listener: LabListener): Lab {
  let line: LabLine | undefined
  /** Kind of the next line: WebSocket or plain HTTP. The kinds take turns until a WebSocket has opened once. */
  let way: typeof bySocket = bySocket
  let hasSocketOpened = false
  let probe: ReturnType<typeof setTimeout> | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let endSilence = (): void => {}
  let endCheck = (): void => {}
  /** Time of the last check. An answer counts only if the page asked at or after this time. */
  let checkedAtMs = 0
  let heardAtMs = 0
  let tries = 0
  let exchanges = 0
  const inspections = new Map<number, PromiseWithResolvers<Inspected | null>>()
  connect()

  return {
    get heardAtMs() {
      return heardAtMs
    },
    get open() {
      return line?.isOpen === true
    },
    get isByHttp() {
      return way === byHttp && line?.isOpen === true
    },
    set(settings) {
      send({ type: 'settings', settings })
    },
    cut(how) {
      send({ type: 'cut', how })
    },
    restart() {
      send({ type: 'restart' })
    },
    inspect,
    claim(token) {
      send({ type: 'instructor', token })
    },
    introduce(userId, name) {
      send({ type: 'here', userId, name })
    },
    typing(on) {
      send({ type: 'typing', on })
    },
    say(saying) {
      send({ type: 'show', ...saying })
    },
    check(unanswered) {
      endCheck()
      checkedAtMs = now()
      exchanges = 0
      if (!line) connect()
      if (!line?.isOpen) return false
      endCheck = startDeadline(CHECK_MS, () => {
        again()
        unanswered()
      })
      askClock()
      return true
    },
    stop() {
      clearTimeout(timer)
      endCheck()
      drop()
    },
  }

  function connect(): void {
    exchanges = 0
    line = way({
      origin,
      room,
      page,
      heard(message, atMs) {
        heardAtMs = atMs
        take(message, atMs)
      },
      closed: again,
    })
    clearTimeout(timer)
    expectWord()
  }

  function expectWord(): void {
    endSilence()
    endSilence = startDeadline(SILENT_MS, again)
  }

  function again(): void {
    drop()
    listener.lost()
    if (!hasSocketOpened) way = way === bySocket ? byHttp : bySocket
    const longestMs = Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** tries++)
    clearTimeout(timer)
    timer = setTimeout(connect, longestMs * (0.5 + Math.random() / 2))
  }

  function drop(): void {
    endSilence()
    clearTimeout(probe)
    if (!line) return
    line.close()
    line = undefined
    for (const { reject } of inspections.values()) reject(new Error(NO_LINE))
  }

  function inspect(exchange: number): Promise<Inspected | null> {
    if (!line?.isOpen) return Promise.reject(new Error(NO_LINE))
    const asked = inspections.get(exchange)
    if (asked) return asked.promise
    const inspection = Promise.withResolvers<Inspected | null>()
    inspections.set(exchange, inspection)
    send({ type: 'inspect', exchange })
    const timer = setTimeout(() => inspection.reject(new Error('The lab does not answer.')), INSPECT_MS)
    return inspection.promise.finally(() => {
      clearTimeout(timer)
      inspections.delete(exchange)
    })
  }

  function take(message: LabMessage | ShowNews, t3: number): void {
    switch (message.type) {
      case 'welcome':
        tries = 0
        if (way === bySocket) hasSocketOpened = true
        else probe = setTimeout(tryWebSocket, PROBE_MS)
        listener.welcome(message)
        return askClock()
      case 'clock':
        if (message.t0 >= checkedAtMs) endCheck()
        listener.clock({ t0: message.t0, t1: message.t1, t2: message.t2, t3 }, message.serviceMs, message.slipMs)
        return nextClock()
      case 'settings':
        return listener.settings(message.settings)
      case 'instructor':
        return listener.instructor()
      case 'here':
        return listener.here(message.pages)
      case 'presence':
        return listener.presence(message)
      case 'cut':
        return listener.cut(message.how)
      case 'dropped':
        return listener.dropped(message.lane, message.reason)
      case 'lanes':
        return listener.lanes(message.life, message.lanes)
      case 'wire':
        return listener.wire(message.crossings)
      case 'show':
        return listener.show(message)
      case 'inspected':
        return inspections.get(message.exchange)?.resolve(message.found)
      case 'error':
        return listener.trouble(`${message.message} ${message.remedy}`, message.code)
    }
  }

  function nextClock(): void {
    clearTimeout(timer)
    endSilence()
    if (++exchanges < BURST) askClock()
    else timer = setTimeout(askClock, CLOCK_EVERY_MS)
  }

  function askClock(): void {
    clearTimeout(timer)
    expectWord()
    send({ type: 'clock', t0: now() })
  }

  /** Tries a WebSocket again. The first attempt may have failed only because the server restarted. */
  function tryWebSocket(): void {
    const socket = new WebSocket(`${origin.replace(/^http/, 'ws')}/ws`)
    socket.onopen = () => {
      socket.close()
      if (way !== byHttp) return
      hasSocketOpened = true
      way = bySocket
      again()
    }
    clearTimeout(probe)
    probe = setTimeout(tryWebSocket, PROBE_MS)
  }

  function send(request: LabRequest | ShowRequest): void {
    line?.send(request)
  }
}

const NO_LINE = 'There is no connection to the lab, which keeps the bytes. The page reconnects by itself.'
