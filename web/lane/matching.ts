/**
 * Finds the mark to which each crossing of the wire belongs, and gives the mark its true times.
 *
 * A request does not say to which mark it belongs. A request gets a mark only if the times of exactly one mark fit. A
 * mark without a request keeps the times that the browser measured.
 */
import type { Cursor, TransportName } from '../../server/protocol/feed.ts'
import { transports } from '../transports/index.ts'
import type { TimedCrossing, Way } from './crossings.ts'
import type { ExchangeMark, SentMark, StreamMark } from './mark.ts'
import type { Marks } from './marks.ts'
import { firstAtOrAfter } from './search.ts'
import { timeArrival, timeBeats, timeExchange, timeSent, timeStream } from './timing.ts'
import type { Known } from './timing.ts'

export interface Matching {
  take(seen: readonly TimedCrossing[], way: Way): void
}

/** An event, or a message to the server, that has no mark yet. */
interface Waiting {
  readonly known: Known
  readonly seen: TimedCrossing
}

/** Longest time that a publish by POST takes, including its second attempt. */
const POST_MS = 20_000
/** Longest travel time that the search allows. The lab's conditions cannot cause a longer one. */
const LONGEST_WAY_MS = 60_000
/**
 * A busy server may notice this late that the kernel has taken the server's bytes. The browser may already have the
 * bytes before the server notices.
 */
const LATE_MS = 1000
/** Events that the server wrote together arrive within this time of each other. */
const TOGETHER_MS = 2
/** A message that the page sent gets a crossing only if the message reached the server within this time. */
const LONGEST_UP_MS = 5000
/** A request that the page has aborted may still reach the server after two round trips and this time. */
const LET_GO_MS = 1000
/**
 * Size of a masked frame with `{"type":"ping"}`, which a client sends after a long silence. The frame of a chat message
 * is larger.
 */
const PING_BYTES = 21
const MOST_KNOWN = 64

export function createMatching(transport: TransportName, marks: Marks): Matching {
  const known = new Map<number, Known>()
  const owners = new WeakMap<ExchangeMark | StreamMark | SentMark, Known>()
  /** Exchanges about which the browser or the server may still report something. */
  const unsettled = new Set<Known>()
  let waiting: readonly Waiting[] = []
  let lastAtMs = -Infinity

  return {
    take(all, pageWay) {
      // A proxy passes a poll's response on when the response ends, and never buffers a WebSocket.
      const way = transports[transport].isHeldByProxy ? pageWay : { ...pageWay, isBuffered: false }
      const found: Waiting[] = []
      for (const seen of all) {
        lastAtMs = Math.max(lastAtMs, seen.atMs)
        const of = note(seen)
        if (seen.is === 'event' || isMessage(seen)) found.push({ known: of, seen })
        else if (BEATS.has(seen.is) || seen.is === 'message') beat(seen)
      }
      for (const one of unsettled) {
        if (!one.mark) bind(one, way)
        if (one.mark) time(one, way)
        if (isSettled(one)) unsettled.delete(one)
      }
      waiting = [...waiting, ...found].filter((one) => !settle(one, way) && one.seen.atMs > lastAtMs - LONGEST_WAY_MS)
      marks.travelling = waiting.flatMap(({ known: { mark }, seen: { id, atMs } }) =>
        id !== undefined && mark?.kind === 'stream' && mark.endedAtMs === null ? [{ id, leftAtMs: atMs }] : [],
      )
      forget()
    },
  }

  function note({ is, up, exchange, atMs, bytes, status, line, id }: TimedCrossing): Known {
    // A restarted server numbers its exchanges from 1 again, so each request begins a new exchange.
    const before = is === 'request' ? undefined : known.get(exchange)
    const one: Known = before ?? {
      firstAtMs: atMs,
      crossed: { exchange, connection: null, isReused: false, status: null, bytesUp: 0, bytesDown: 0 },
    }
    known.set(exchange, one)
    if (is !== 'event' && is !== 'message' && !BEATS.has(is)) unsettled.add(one)
    if (line) one.crossed = { ...one.crossed, ...line }
    if (status !== undefined) one.crossed.status = status
    one.crossed[up ? 'bytesUp' : 'bytesDown'] += bytes
    if (is === 'request') one.requestAtMs = atMs
    if (is === 'head') one.headAtMs = atMs
    if (is === 'answer') {
      one.answerAtMs = atMs
      if (id !== undefined) one.answerId = id
    }
    if (is === 'end') one.endAtMs = atMs
    return one
  }

  function isMessage({ is, bytes }: TimedCrossing): boolean {
    return is === 'message' && bytes !== PING_BYTES
  }

  function beat({ is, up, atMs, bytes, exchange }: TimedCrossing): void {
    const kind = is === 'message' ? 'ping' : is
    if (kind === 'heartbeat' || kind === 'ping' || kind === 'pong' || kind === 'control' || kind === 'close')
      timeBeats(marks, marks.beat({ is: kind, up, atMs, bytes, exchange }))
  }

  function isSettled({ mark, answerAtMs, endAtMs, firstAtMs }: Known): boolean {
    if (mark?.kind === 'sent') return true
    const isOver = mark !== undefined && mark.endedAtMs !== null
    if (isOver && (answerAtMs ?? endAtMs) !== undefined) return true
    return (isOver || !mark) && firstAtMs < lastAtMs - LONGEST_WAY_MS
  }

  function bind(one: Known, way: Way): void {
    // If the wire reported only the end of the connection, there is no mark to find.
    if (one.crossed.bytesUp + one.crossed.bytesDown === 0) return
    const fits = candidates(one, way)
    const [mark] = fits
    if (!mark || fits.length > 1) return
    const before = owners.get(mark)
    if (before) delete before.mark
    if (mark.kind !== 'sent') {
      delete mark.reachedAtMs
      delete mark.leftAtMs
      mark.crossed = one.crossed
    }
    owners.set(mark, one)
    one.mark = mark
  }

  /**
   * Returns the marks to which the exchange may belong. A request in a lane is a poll, a stream, or a publish. The
   * server answers only a publish with status 201.
   */
  function candidates(one: Known, way: Way): readonly (ExchangeMark | StreamMark | SentMark)[] {
    const { status } = one.crossed
    const slackMs = way.boundMs + 1
    const published =
      transports[transport].kind === 'socket'
        ? []
        : marks.sent.filter((mark) => isPublishing(mark, one.firstAtMs, slackMs))
    if (status === 201) return published
    const isFeed = published.length === 0 || one.headAtMs !== undefined || status === 204
    const fits = requests().filter((mark) => couldBe(mark, one, way, slackMs))
    return isFeed ? fits : fits.filter((mark) => isAnsweredBy(mark, one))
  }

  function isPublishing(mark: SentMark, atMs: number, slackMs: number): boolean {
    return mark.atMs < atMs + slackMs && atMs < mark.atMs + POST_MS && !owners.has(mark)
  }

  function isAnsweredBy(mark: ExchangeMark | StreamMark, { answerId }: Known): boolean {
    const arrival = marks.arrivals[firstAtOrAfter(marks.arrivals, mark.endedAtMs ?? Infinity, ({ atMs }) => atMs)]
    return answerId !== undefined && arrival?.atMs === mark.endedAtMs && lastId(arrival.messages) === answerId
  }

  /** Returns the newest requests. An older request already has its exchange, or will never have one. */
  function requests(): readonly (ExchangeMark | StreamMark)[] {
    return marks.streams.length > 0 ? marks.streams.slice(-8) : marks.exchanges.slice(-40)
  }

  function couldBe(mark: ExchangeMark | StreamMark, { firstAtMs, crossed }: Known, way: Way, slackMs: number): boolean {
    const endedAtMs = mark.endedAtMs ?? Infinity
    if (firstAtMs < mark.askedAtMs - slackMs) return false
    const owner = owners.get(mark)
    // If the connection breaks before the response, the browser may repeat the request by itself. The repeated request
    // has the same mark as the first request.
    if (owner && owner.crossed.exchange !== crossed.exchange) {
      const answeredAtMs = mark.kind === 'stream' ? (mark.openedAtMs ?? endedAtMs) : endedAtMs
      return firstAtMs < answeredAtMs - slackMs
    }
    const laterMs = mark.failed === 'let go' ? LET_GO_MS + 4 * way.oneWayMs : slackMs
    return firstAtMs < endedAtMs + laterMs
  }

  function time(one: Known, way: Way): void {
    if (one.mark?.kind === 'exchange') timeExchange(one.mark, one, marks, way)
    else if (one.mark?.kind === 'stream') timeStream(one.mark, one, way)
    else if (one.mark) timeSent(one.mark, one.requestAtMs, one.crossed.bytesUp, one.crossed.exchange)
  }

  /** Gives a mark its times. Returns true if nothing of this mark is missing any more. */
  function settle({ known: one, seen }: Waiting, way: Way): boolean {
    const stream = one.mark
    if (stream?.kind !== 'stream') return false
    return seen.up ? settleMessage(stream, seen, way) : settleEvent(stream, seen, way)
  }

  function settleMessage(stream: StreamMark, { atMs, bytes, exchange }: TimedCrossing, { boundMs }: Way): boolean {
    const fits = marks.sent.filter(
      (mark) =>
        mark.exchange === undefined &&
        mark.atMs < atMs + boundMs + 1 &&
        mark.atMs > Math.max(stream.askedAtMs, atMs - LONGEST_UP_MS) &&
        mark.atMs < (stream.endedAtMs ?? Infinity),
    )
    if (fits[0] && fits.length === 1) timeSent(fits[0], atMs, bytes, exchange)
    return true
  }

  function settleEvent(stream: StreamMark, { atMs, bytes, exchange, id }: TimedCrossing, way: Way): boolean {
    const { arrivals } = marks
    const from = Math.max(atMs - LATE_MS, stream.askedAtMs)
    const first = firstAtOrAfter(arrivals, from, (arrival) => arrival.atMs)
    const at = arrivals.findIndex((arrival, i) => i >= first && lastId(arrival.messages) === id)
    const arrival = arrivals[at]
    if (id === undefined || !arrival) return false
    if (arrival.atMs > (stream.endedAtMs ?? Infinity)) return true
    arrival.bytes = bytes
    // The server may have sent several events together, but the browser delivers them one by one.
    const togetherFromMs = Math.min(atMs - way.boundMs - 1, arrival.atMs - TOGETHER_MS)
    for (let i = first; i <= at; i++) {
      const one = arrivals[i]
      if (one && one.leftAtMs === undefined && one.atMs >= togetherFromMs)
        timeArrival(one, atMs, exchange, arrivals[i - 1], marks, way)
    }
    return true
  }

  function forget(): void {
    if (known.size <= MOST_KNOWN) return
    for (const [exchange, one] of known) {
      const isOpen = one.mark?.kind === 'stream' && one.mark.endedAtMs === null
      if (!isOpen && one.firstAtMs < lastAtMs - LONGEST_WAY_MS) known.delete(exchange)
    }
  }
}

const BEATS: ReadonlySet<TimedCrossing['is']> = new Set(['heartbeat', 'ping', 'pong', 'control', 'close'])

function lastId(messages: readonly { readonly event: { readonly id: Cursor } }[]): Cursor | undefined {
  return messages.at(-1)?.event.id
}
