/** Makes a lane's marks from what its transport reports, and from what the wire tells beside it. */
import type { Cursor, Cut as Way } from '../../server/protocol.ts'
import type { State } from '../transports/transport.ts'
import type { Arrival, Beat, Cut, Exchange, Failure, Gap, MarkLists, Sent, Stream } from './mark.ts'
import type { Message } from './messages.ts'
import { firstAtOrAfter } from './search.ts'

export interface Marks extends MarkLists {
  /** Events that have left the server over the stream that is open, and are not here yet: up to which, and when. */
  travelling: readonly Travelling[]
  state(state: State): void
  events(messages: readonly Message[], atMs: number): void
  gap(first: number, last: number, atMs: number): void
  sentAt(atMs: number): void
  /** Somebody cut the line. What comes of it the transport tells: a browser may ask again by itself. A black hole is told to nobody. */
  cut(atMs: number, how?: Way): void
  /** Something crossed that no page sees. */
  beat(beat: Omit<Beat, 'kind' | 'id'>): Beat
  /** The page itself ended the lane's connection. */
  letGo(atMs: number): void
  /** Requests made so far, streams' included; of those that are over or open, how many brought something, and nothing. */
  readonly requests: number
  readonly useful: number
  readonly empty: number
}

export interface Travelling {
  readonly id: Cursor
  readonly leftAtMs: number
}

/** What the ladder can be scrolled back over. */
const KEPT_MS = 180_000
/** A poll that fails later than this had been held by the server; sooner, it never got there. */
const HELD_MS = 400
/** The lab's word and the broken connection come by different ways. */
const SAME_CUT_MS = 500

/** `stir`: something crossed then. */
export function createMarks(stir: (atMs: number) => void = () => {}): Marks {
  const exchanges: Exchange[] = []
  const streams: Stream[] = []
  const arrivals: Arrival[] = []
  const sent: Sent[] = []
  const beats: Beat[] = []
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
    end(exchange, atMs)
    empty++
  }

  /** Told by the server and noticed by the transport, it is one. */
  const cut = (atMs: number, how: Way = 'RST'): void => {
    stir(atMs)
    if (how === 'black hole') {
      const open = openExchange() ?? openStream()
      if (open) open.silentFromMs ??= atMs
    } else if (atMs - (cuts.at(-1)?.atMs ?? -Infinity) > SAME_CUT_MS)
      cuts.push({ kind: 'cut', id: ++lastId, atMs, how })
  }

  const ended = (atMs: number, failed: Failure): void => {
    const open = openExchange() ?? openStream()
    if (!open) return
    end(open, atMs)
    open.failed = failed
    if (failed === 'cut') cut(atMs)
  }

  const forget = (beforeMs: number): void => {
    dropWhile(exchanges, (mark) => mark.endedAtMs !== null && mark.endedAtMs < beforeMs)
    dropWhile(streams, (mark) => mark.endedAtMs !== null && mark.endedAtMs < beforeMs)
    for (const list of [arrivals, sent, beats, cuts, gaps])
      dropWhile<Arrival | Sent | Beat | Cut | Gap>(list, (mark) => mark.atMs < beforeMs)
  }

  return {
    exchanges,
    streams,
    arrivals,
    sent,
    beats,
    cuts,
    gaps,
    travelling: [],
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
      stir(atMs)
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
          if (stream.leftAtMs !== undefined) stream.leftAtMs = Math.min(stream.leftAtMs, atMs)
          if (stream.reachedAtMs !== undefined) stream.reachedAtMs = Math.min(stream.reachedAtMs, atMs)
          useful++
        }
      } else ended(atMs, wasHeld(openExchange(), openStream(), state) ? 'cut' : 'refused')
    },
    events(messages, atMs) {
      stir(atMs)
      const exchange = exchanges.at(-1)
      if (exchange) {
        if (exchange.carried === 0) useful++
        exchange.carried += messages.length
        if (exchange.endedAtMs === null) end(exchange, atMs)
      }
      arrivals.push({ kind: 'arrival', id: ++lastId, atMs, messages })
      forget(atMs - KEPT_MS)
    },
    gap(first, last, atMs) {
      stir(atMs)
      gaps.push({ kind: 'gap', id: ++lastId, atMs, first, last })
    },
    sentAt(atMs) {
      stir(atMs)
      sent.push({ kind: 'sent', id: ++lastId, atMs })
    },
    beat(beat) {
      stir(beat.atMs)
      const mark: Beat = { kind: 'beat', id: ++lastId, ...beat }
      // Told in the order in which they crossed: it is the last, but for what the clock learnt meanwhile.
      beats.splice(
        firstAtOrAfter(beats, beat.atMs, ({ atMs }) => atMs),
        0,
        mark,
      )
      forget(beat.atMs - KEPT_MS)
      return mark
    },
    cut,
    letGo(atMs) {
      ended(atMs, 'let go')
    },
  }
}

/** What the wire told before may be off by the clock's error: nothing was at the server after it was over here. */
function end(mark: Exchange | Stream, atMs: number): void {
  mark.endedAtMs = atMs
  if (mark.reachedAtMs !== undefined) mark.reachedAtMs = Math.min(mark.reachedAtMs, atMs)
  if (mark.leftAtMs !== undefined) mark.leftAtMs = Math.min(mark.leftAtMs, atMs)
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
