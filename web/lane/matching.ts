/**
 * Matches crossings of the wire to a lane's marks, and gives the marks their true times.
 *
 * A request does not say which mark it belongs to. It is matched only if exactly one mark fits by its times.
 * Otherwise the mark keeps the times that the browser measured.
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

/** Event, or message to the server, whose mark is not found yet. */
interface Waiting {
  readonly known: Known
  readonly seen: TimedCrossing
}

/** Longest time of a publish by POST, including its second attempt. */
const POST_MS = 20_000
/** Longest time on the way that is considered. The lab's conditions cannot cause a longer one. */
const LONGEST_WAY_MS = 60_000
/** A busy server may notice this late that the kernel has taken its bytes. The browser may already have them. */
const LATE_MS = 1000
/** Events that were written together arrive within this time of each other. */
const TOGETHER_MS = 2
/** A sent message is looked for only if it reached the server within this time. */
const LONGEST_UP_MS = 5000
/** A request that the page aborted may reach the server this much later, in addition to two round trips. */
const LET_GO_MS = 1000
/** Size of `{"type":"ping"}` in a masked frame, which a client sends after a long silence. A chat message is longer. */
const PING_BYTES = 21
const MOST_KNOWN = 64

export function createMatching(transport: TransportName, marks: Marks): Matching {
  const known = new Map<number, Known>()
  const owners = new WeakMap<ExchangeMark | StreamMark | SentMark, Known>()
  /** Exchanges of which the browser or the server may still report something. */
  const unsettled = new Set<Known>()
  let waiting: readonly Waiting[] = []
  let lastAtMs = -Infinity

  return {
    take(all, pageWay) {
      // A proxy passes on a poll's response, because it ends. It never buffers a WebSocket.
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
    // A restarted server numbers its exchanges from 1 again, so a request always begins a new one.
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
    // If only the end of the connection was reported, there is nothing to match.
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
   * Marks that the exchange may belong to. A request in a lane is a poll, a stream, or a publish. Only a publish is
   * answered with status 201.
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

  /** The most recent requests. An older one has been matched already, or never will be. */
  function requests(): readonly (ExchangeMark | StreamMark)[] {
    return marks.streams.length > 0 ? marks.streams.slice(-8) : marks.exchanges.slice(-40)
  }

  function couldBe(mark: ExchangeMark | StreamMark, { firstAtMs, crossed }: Known, way: Way, slackMs: number): boolean {
    const endedAtMs = mark.endedAtMs ?? Infinity
    if (firstAtMs < mark.askedAtMs - slackMs) return false
    const owner = owners.get(mark)
    // The browser may repeat a request by itself if the connection broke before the response. Two requests then
    // share one mark.
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

  /** Gives the mark its times. Returns true if there is nothing more to look for. */
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
    // The server may have sent several events together; the browser delivers them one by one.
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
