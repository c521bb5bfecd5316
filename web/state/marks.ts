/**
 * What the strips draw of one lane, made from what its transport reports. All times are this
 * page's. A browser knows when it asked and when it had the answer, not when the server did its
 * part: times at the server are optional, and whoever knows them (the wire) may fill them in.
 * Without them half a round trip is assumed for each way.
 */
import type { State } from '../transports/transport.ts'
import type { Message } from './messages.ts'

/** A poll, from the request to its answer. */
export interface Exchange {
  readonly kind: 'exchange'
  readonly id: number
  readonly askedAtMs: number
  /** When the browser let the request go, where it was queued for one of its six connections. */
  sentAtMs?: number
  reachedAtMs?: number
  leftAtMs?: number
  /** When the answer was here, or the attempt was over; null while the request is out. */
  endedAtMs: number | null
  /** How many messages the answer brought. */
  carried: number
  /** How it ended without an answer. */
  failed?: Failure
}

/** The request and the endless answer of SSE or WebSocket. */
export interface Stream {
  readonly kind: 'stream'
  readonly id: number
  readonly askedAtMs: number
  reachedAtMs?: number
  openedAtMs: number | null
  endedAtMs: number | null
  failed?: Failure
}

/** `let go`: the page ended it itself. `cut`: it had been open or held. `refused`: it never was. */
export type Failure = 'let go' | 'cut' | 'refused'

/** What one answer, event or frame brought. */
export interface Arrival {
  readonly kind: 'arrival'
  readonly id: number
  readonly atMs: number
  leftAtMs?: number
  readonly messages: readonly Message[]
}

/** A message that this page published over the lane. */
export interface Sent {
  readonly kind: 'sent'
  readonly id: number
  readonly atMs: number
  reachedAtMs?: number
}

export interface Cut {
  readonly kind: 'cut'
  readonly id: number
  readonly atMs: number
}

/** The server said that these are no longer kept. */
export interface Gap {
  readonly kind: 'gap'
  readonly id: number
  readonly atMs: number
  readonly first: number
  readonly last: number
}

export type Mark = Exchange | Stream | Arrival | Sent | Cut | Gap

/** Each list ascends in time. */
export interface MarkLists {
  readonly exchanges: readonly Exchange[]
  readonly streams: readonly Stream[]
  readonly arrivals: readonly Arrival[]
  readonly sent: readonly Sent[]
  readonly cuts: readonly Cut[]
  readonly gaps: readonly Gap[]
}

export interface Marks extends MarkLists {
  state(state: State): void
  events(messages: readonly Message[], atMs: number): void
  gap(first: number, last: number, atMs: number): void
  sentAt(atMs: number): void
  /** Somebody cut the line. What comes of it the transport tells: a browser may ask again by itself. */
  cut(atMs: number): void
  /** The page itself ended the lane's connection. */
  letGo(atMs: number): void
  /** Requests made so far, streams' included; of those that are over or open, how many brought something, and nothing. */
  readonly requests: number
  readonly useful: number
  readonly empty: number
}

/** What the ladder can be scrolled back over. */
const KEPT_MS = 180_000
/** A poll that fails later than this had been held by the server; sooner, it never got there. */
const HELD_MS = 400
/** The lab's word and the broken connection come by different ways. */
const SAME_CUT_MS = 500

export function createMarks(): Marks {
  const exchanges: Exchange[] = []
  const streams: Stream[] = []
  const arrivals: Arrival[] = []
  const sent: Sent[] = []
  const cuts: Cut[] = []
  const gaps: Gap[] = []
  let lastId = 0
  let requests = 0
  let useful = 0
  let empty = 0

  const openExchange = (): Exchange | undefined => ifOpen(exchanges.at(-1))
  const openStream = (): Stream | undefined => ifOpen(streams.at(-1))

  const answered = (atMs: number): void => {
    const exchange = openExchange()
    if (!exchange) return
    // Had it brought something, that would have ended it.
    exchange.endedAtMs = atMs
    empty++
  }

  /** Told by the server and noticed by the transport, it is one. */
  const cut = (atMs: number): void => {
    if (atMs - (cuts.at(-1)?.atMs ?? -Infinity) > SAME_CUT_MS) cuts.push({ kind: 'cut', id: ++lastId, atMs })
  }

  const ended = (atMs: number, failed: Failure): void => {
    const open = openExchange() ?? openStream()
    if (!open) return
    open.endedAtMs = atMs
    open.failed = failed
    if (failed === 'cut') cut(atMs)
  }

  const forget = (beforeMs: number): void => {
    dropWhile(exchanges, (mark) => mark.endedAtMs !== null && mark.endedAtMs < beforeMs)
    dropWhile(streams, (mark) => mark.endedAtMs !== null && mark.endedAtMs < beforeMs)
    for (const list of [arrivals, sent, cuts, gaps])
      dropWhile<Arrival | Sent | Cut | Gap>(list, (mark) => mark.atMs < beforeMs)
  }

  return {
    exchanges,
    streams,
    arrivals,
    sent,
    cuts,
    gaps,
    get requests() {
      return requests
    },
    get useful() {
      return useful
    },
    get empty() {
      return empty
    },
    state(state) {
      const { is, atMs } = state
      if (is === 'asking') {
        answered(atMs)
        requests++
        exchanges.push({ kind: 'exchange', id: ++lastId, askedAtMs: atMs, endedAtMs: null, carried: 0 })
        forget(atMs - KEPT_MS)
      } else if (is === 'pausing') answered(atMs)
      else if (is === 'connecting') {
        ended(atMs, 'let go')
        requests++
        streams.push({ kind: 'stream', id: ++lastId, askedAtMs: atMs, openedAtMs: null, endedAtMs: null })
      } else if (is === 'open') {
        const stream = openStream()
        if (stream?.openedAtMs === null) {
          stream.openedAtMs = atMs
          useful++
        }
      } else ended(atMs, wasHeld(openExchange(), openStream(), state) ? 'cut' : 'refused')
    },
    events(messages, atMs) {
      const exchange = exchanges.at(-1)
      if (exchange) {
        if (exchange.carried === 0) useful++
        exchange.carried += messages.length
        exchange.endedAtMs ??= atMs
      }
      arrivals.push({ kind: 'arrival', id: ++lastId, atMs, messages })
      forget(atMs - KEPT_MS)
    },
    gap(first, last, atMs) {
      gaps.push({ kind: 'gap', id: ++lastId, atMs, first, last })
    },
    sentAt(atMs) {
      sent.push({ kind: 'sent', id: ++lastId, atMs })
    },
    cut,
    letGo(atMs) {
      ended(atMs, 'let go')
    },
  }
}

function ifOpen<T extends Exchange | Stream>(mark: T | undefined): T | undefined {
  return mark?.endedAtMs === null ? mark : undefined
}

function wasHeld(exchange: Exchange | undefined, stream: Stream | undefined, state: State): boolean {
  if ('status' in state && state.status !== undefined) return false
  if (stream) return stream.openedAtMs !== null
  return exchange !== undefined && state.atMs - exchange.askedAtMs > HELD_MS
}

/** Cuts from the front in large pieces: moving the rest at every event would cost more than it frees. */
function dropWhile<T>(list: T[], isOld: (item: T) => boolean): void {
  const first = list[0]
  const batch = list[64]
  if (first === undefined || batch === undefined || !isOld(batch)) return
  const keepFrom = list.findIndex((item) => !isOld(item))
  list.splice(0, keepFrom < 0 ? list.length : keepFrom)
}
