/** Creates a lane's marks from the reports of the lane's transport and of the wire. */
import type { Cursor } from '../../server/protocol/feed.ts'
import type { Cut } from '../../server/protocol/lab.ts'
import type { State } from '../transports/transport.ts'
import type {
  ArrivalMark,
  BeatMark,
  CutMark,
  ExchangeMark,
  Failure,
  GapMark,
  MarkLists,
  SentMark,
  StreamMark,
} from './mark.ts'
import type { Message } from './messages.ts'
import { firstAtOrAfter } from './search.ts'

export interface Marks extends MarkLists {
  /** Events that have left the server on the open stream and have not arrived yet. */
  travelling: readonly Travelling[]
  state(state: State): void
  events(messages: readonly Message[], atMs: number): void
  gap(first: number, last: number, atMs: number): void
  sentAt(atMs: number): void
  /**
   * Notes that the lab cut the connection. A browser may reconnect by itself, so only the transport reports what
   * happened then. After a black hole, neither the browser nor the server notices anything.
   */
  cut(atMs: number, how?: Cut): void
  /** Adds a crossing that the page itself cannot see, such as a heartbeat. */
  beat(beat: Omit<BeatMark, 'kind' | 'id'>): BeatMark
  /** Notes that the page itself ended the lane's connection. */
  letGo(atMs: number): void
  /**
   * `requests`: number of requests so far, with streams. `useful`: requests that brought a message or opened a stream.
   * `empty`: requests that ended and did neither.
   */
  readonly requests: number
  readonly useful: number
  readonly empty: number
}

export interface Travelling {
  readonly id: Cursor
  readonly leftAtMs: number
}

/** Length of the past to which a person can scroll the ladder back. */
const KEPT_MS = 180_000
/** A poll that fails later than this was held by the server. A poll that fails sooner never reached the server. */
const HELD_MS = 400
/**
 * The lab reports a cut, and the broken connection reports the same cut. Reports of cuts within this time are reports
 * of one cut.
 */
const SAME_CUT_MS = 500

/** Creates the marks of one lane. The marks call `noteActivity` with the time of each new mark and each new state. */
export function createMarks(noteActivity: (atMs: number) => void = () => {}): Marks {
  const exchanges: ExchangeMark[] = []
  const streams: StreamMark[] = []
  const arrivals: ArrivalMark[] = []
  const sent: SentMark[] = []
  const beats: BeatMark[] = []
  const cuts: CutMark[] = []
  const gaps: GapMark[] = []
  let lastId = 0
  let requests = 0
  let useful = 0
  let empty = 0

  const openExchange = (): ExchangeMark | undefined => ifOpen(exchanges.at(-1))
  const openStream = (): StreamMark | undefined => ifOpen(streams.at(-1))

  const answered = (atMs: number): void => {
    const exchange = openExchange()
    if (!exchange) return
    // If this response had brought messages, `events` would have ended the exchange already.
    end(exchange, atMs)
    empty++
  }

  /** Adds a cut, unless the other source has already reported this cut. */
  const cut = (atMs: number, how: Cut = 'RST'): void => {
    noteActivity(atMs)
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
      dropWhile<ArrivalMark | SentMark | BeatMark | CutMark | GapMark>(list, (mark) => mark.atMs < beforeMs)
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
      noteActivity(atMs)
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
      noteActivity(atMs)
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
      noteActivity(atMs)
      gaps.push({ kind: 'gap', id: ++lastId, atMs, first, last })
    },
    sentAt(atMs) {
      noteActivity(atMs)
      sent.push({ kind: 'sent', id: ++lastId, atMs })
    },
    beat(beat) {
      noteActivity(beat.atMs)
      const mark: BeatMark = { kind: 'beat', id: ++lastId, ...beat }
      // Beats come in the order in which they crossed the wire. Only a correction of the clock can change their order.
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

/**
 * Ends a mark. The clock's error can make a time of the wire later than the mark's end, so this function then sets that
 * time to the end.
 */
function end(mark: ExchangeMark | StreamMark, atMs: number): void {
  mark.endedAtMs = atMs
  if (mark.reachedAtMs !== undefined) mark.reachedAtMs = Math.min(mark.reachedAtMs, atMs)
  if (mark.leftAtMs !== undefined) mark.leftAtMs = Math.min(mark.leftAtMs, atMs)
}

function ifOpen<T extends ExchangeMark | StreamMark>(mark: T | undefined): T | undefined {
  return mark?.endedAtMs === null ? mark : undefined
}

function wasHeld(exchange: ExchangeMark | undefined, stream: StreamMark | undefined, state: State): boolean {
  if ('status' in state && state.status !== undefined) return false
  if (stream) return stream.openedAtMs !== null
  return exchange !== undefined && state.atMs - exchange.askedAtMs > HELD_MS
}

/**
 * Drops many old items at a time. If each event dropped one item, moving the other items would cost more than the
 * memory that becomes free.
 */
function dropWhile<T>(list: T[], isOld: (item: T) => boolean): void {
  const first = list[0]
  const batch = list[64]
  if (first === undefined || batch === undefined || !isOld(batch)) return
  const keepFrom = list.findIndex((item) => !isOld(item))
  list.splice(0, keepFrom < 0 ? list.length : keepFrom)
}
