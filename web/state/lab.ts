/**
 * The lab's WebSocket: where the room stands, its settings, how many pages are here, and the clock.
 * It comes back by itself for as long as it is not stopped.
 */
import type {
  Crossing,
  Cut,
  Inspected,
  LabMessage,
  LabRequest,
  LaneBytes,
  RoomPresence,
  Settings,
  SettingsChange,
} from '../../server/protocol.ts'
import type { ClockSample } from '../measure/clock.ts'
import { now } from '../now.ts'

export interface LabListener {
  welcome(welcome: Extract<LabMessage, { type: 'welcome' }>): void
  clock(sample: ClockSample, serviceMs: number | null, slipMs: number | null): void
  settings(settings: Settings): void
  /** What was claimed is granted. */
  instructor(): void
  here(pages: number): void
  presence(presence: RoomPresence): void
  /** The feed's connections were cut just now. */
  cut(how: Cut): void
  /** The server has cut this lane of the page's, for taking nothing. */
  dropped(lane: string, reason: string): void
  /** Twice a second: what this page's lanes have used. */
  lanes(lanes: readonly LaneBytes[]): void
  /** What crossed the wire in this page's lanes. */
  wire(crossings: readonly Crossing[]): void
  trouble(sentence: string, code: string): void
}

export interface Lab {
  /** When the server was last heard on it, on this page's clock; 0 before the first time. */
  readonly heardAtMs: number
  readonly open: boolean
  /** Asks for other settings; without a connection nothing is asked. */
  set(settings: SettingsChange): void
  cut(how: Cut): void
  restart(): void
  /** The bytes of an exchange; null where they are no longer kept. Rejects with a sentence where nobody answers. */
  inspect(exchange: number): Promise<Inspected | null>
  /** To be the instructor; holds for as long as the connection. */
  claim(token: string): void
  /** Whose page this is; holds for as long as the connection. */
  introduce(userId: string, name: string): void
  typing(on: boolean): void
  stop(): void
}

/** So many exchanges at once give a good bound within a few round trips; then one now and then follows the drift. */
const BURST = 8
const CLOCK_EVERY_MS = 2000
/** Two exchanges missed: the line leads nowhere. */
const SILENT_MS = 2.5 * CLOCK_EVERY_MS
const RETRY_FIRST_MS = 300
const RETRY_LONGEST_MS = 5000
/** Longer than a round trip on any network that is still of use. */
const INSPECT_MS = 5000

/** `page`: what the names of this page's lanes begin with. */
export function openLab(origin: string, room: string, page: string, listener: LabListener): Lab {
  let socket: WebSocket | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
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
      return socket?.readyState === WebSocket.OPEN
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
    stop() {
      clearTimeout(timer)
      drop()
    },
  }

  function connect(): void {
    exchanges = 0
    const fresh = new WebSocket(`${origin.replace(/^http/, 'ws')}/lab?room=${room}&page=${page}`)
    socket = fresh
    fresh.onmessage = ({ data }) => {
      const t3 = now()
      heardAtMs = t3
      take(JSON.parse(String(data)), t3)
    }
    // An error is always followed by a close.
    fresh.onclose = again
    clearTimeout(timer)
    timer = setTimeout(again, SILENT_MS)
  }

  function again(): void {
    drop()
    const longestMs = Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** tries++)
    clearTimeout(timer)
    timer = setTimeout(connect, longestMs * (0.5 + Math.random() / 2))
  }

  function drop(): void {
    if (!socket) return
    socket.onmessage = socket.onclose = null
    socket.close()
    socket = undefined
    for (const { reject } of inspections.values()) reject(new Error(NO_LINE))
  }

  function inspect(exchange: number): Promise<Inspected | null> {
    if (socket?.readyState !== WebSocket.OPEN) return Promise.reject(new Error(NO_LINE))
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

  function take(message: LabMessage, t3: number): void {
    switch (message.type) {
      case 'welcome':
        tries = 0
        listener.welcome(message)
        return askClock()
      case 'clock':
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
        return listener.lanes(message.lanes)
      case 'wire':
        return listener.wire(message.crossings)
      case 'inspected':
        return inspections.get(message.exchange)?.resolve(message.found)
      case 'error':
        return listener.trouble(`${message.message} ${message.remedy}`, message.code)
    }
  }

  function nextClock(): void {
    clearTimeout(timer)
    if (++exchanges < BURST) askClock()
    else timer = setTimeout(askClock, CLOCK_EVERY_MS)
  }

  function askClock(): void {
    clearTimeout(timer)
    timer = setTimeout(again, SILENT_MS)
    send({ type: 'clock', t0: now() })
  }

  function send(request: LabRequest): void {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(request))
  }
}

const NO_LINE = 'There is no connection to the lab, which has the bytes. It comes back by itself.'
