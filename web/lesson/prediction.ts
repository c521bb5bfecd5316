/**
 * The questions for which readers predict a number. If the page cannot measure the number, it says how the reader can
 * measure it.
 */
import type { TransportName } from '../../server/protocol/feed.ts'
import type { Lane } from '../lane/lane.ts'
import type { ExchangeMark } from '../lane/mark.ts'
import { firstAtOrAfter } from '../lane/search.ts'
import type { Forecast, SessionFacts } from '../session/session.ts'

export interface Question {
  /** Lane on which the page measures the number. */
  readonly lane: TransportName
  readonly unit: string
  /**
   * True if the number compares times of the server and of the browser. The page then shows no number before it knows
   * the clock's offset.
   */
  readonly needsClock?: true
  /**
   * Returns a sentence about a condition of the question that the session does not meet yet; null if the session meets
   * all conditions.
   */
  readonly missing?: (session: SessionFacts & Forecast) => string | null
  /** Returns the number that the page measured; null before there is one. */
  measured(session: SessionFacts & Forecast): MeasuredValue | null
  /** Returns the number that the model expects; null if the model says nothing about the question. */
  expected(session: SessionFacts & Forecast): number | null
}

export interface MeasuredValue {
  readonly value: number
  /** `n`: size of the sample. `of`: what the sample consists of. */
  readonly n: number
  readonly of: string
}

/** Questions whose number the page measures. The key is the lesson's name without the lesson's number. */
export const QUESTIONS: Partial<Record<string, Question>> = {
  'why-real-time': {
    lane: 'short-poll',
    unit: 'ms',
    needsClock: true,
    missing: ({ conditions, intervalMs }) =>
      conditions?.latencyMs === 100 && intervalMs === 2000
        ? null
        : 'The page measures this when the network has a delay of 100 ms each way: use the first command under Look.',
    measured(session) {
      const latencies = laneOf(session, 'short-poll')?.latencies
      if (!latencies || latencies.n === 0) return null
      const sumMs = latencies.sorted().reduce((sum, ms) => sum + ms, 0)
      return { value: sumMs / latencies.n, n: latencies.n, of: 'messages' }
    },
    /**
     * Every age of a message between 0 and the greatest age is equally frequent, so the median age is also the mean
     * age.
     */
    expected(session) {
      const lane = laneOf(session, 'short-poll')
      return (lane && session.expected(lane)?.p50Ms) ?? null
    },
  },
  'short-polling': {
    lane: 'short-poll',
    unit: 'bytes',
    measured(session) {
      const lane = laneOf(session, 'short-poll')
      const bytes = lane?.usage.total?.split.empty ?? 0
      if (!lane || bytes === 0 || lane.marks.empty === 0) return null
      return { value: bytes / lane.marks.empty, n: lane.marks.empty, of: 'empty polls' }
    },
    expected: () => null,
  },
  'long-polling': {
    lane: 'long-poll',
    unit: 'of 100',
    needsClock: true,
    missing: ({ conditions }) =>
      conditions?.latencyMs === 100
        ? null
        : 'The page measures this when the network has a delay of 100 ms each way: use the command under Look.',
    measured(session) {
      const lane = laneOf(session, 'long-poll')
      return lane ? unasked(session, lane) : null
    },
    /**
     * The server answers a held request with the next message. After the response comes a gap, in which more messages
     * may be published.
     */
    expected({ roundTripMs, ratePerSecond }) {
      if (roundTripMs === null || !ratePerSecond) return null
      const gapS = roundTripMs / 1000
      return (100 * gapS) / (gapS + Math.exp(-ratePerSecond * gapS) / ratePerSecond)
    },
  },
  'how-websockets-work': {
    lane: 'ws',
    unit: 'bytes',
    /** If the payload has more than 125 bytes, the frame's length takes two more bytes. */
    measured(session) {
      const recent = laneOf(session, 'ws')?.usage.recent
      if (!recent || recent.messages <= 0) return null
      const { framing, payload } = recent.split
      const n = recent.messages
      return { value: framing / n, n, of: `messages of ${Math.round(payload / n)} bytes` }
    },
    expected: () => null,
  },
}

/** Instructions for readers who count the number themselves, because the page has no lane that could measure it. */
export const COUNTED: Partial<Record<string, string>> = {
  'a-chat-in-ten-minutes': 'Use the first command under Look. It plays the three people and counts the messages.',
  'project-setup': 'When your server runs, use the command under Build that sends the seven bodies.',
  'how-sse-works': 'When your server runs, use the command under Explain. It counts the bytes.',
  'building-an-sse-endpoint': 'Use the first command under Look. It starts this server and counts the bytes.',
  'event-types-and-ids':
    'Use the second command under Look. Its client is away for three seconds and counts the messages.',
  'sse-in-practice': 'Open the seven tabs, as described under Look.',
  'building-a-websocket-server':
    'Use the second command under Look. It starts this server with a hundred clients and counts the connections.',
  'rooms-and-broadcasting': 'Use the second command under Look. It plays the twenty people and counts the messages.',
  authentication: 'When your server runs, open the stranger’s page as described under Look, and count.',
  'disconnects-and-reconnection': 'Use the command with the black hole under Look. It waits for the close event.',
  'pub-sub': 'Count one line for each route and each kind of listener. The number is under Explain.',
  presence: 'When your server runs, use the command under Explain. It plays the twenty people and counts the messages.',
  scaling: 'The checks cut the connection to Redis, and report how many messages arrived.',
  choosing: 'Open the first link under Look, and compare the bytes per message.',
  'capstone-task-board': 'Use the last command under Look. It plays the hundred pages and counts.',
  'out-into-the-world': 'Use the command under Explain. It writes an answer in this format and counts the bytes.',
}

function laneOf(session: SessionFacts & Forecast, name: Lane['name']): Lane | undefined {
  return session.lanes.find((lane) => lane.name === name)
}

/**
 * Returns how many of a hundred messages were published while no request was at the server. Counts the messages that
 * arrived since the page last cleared its measurements.
 */
function unasked(session: SessionFacts & Forecast, lane: Lane): MeasuredValue | null {
  const { offsetMs, roundTripMs } = session
  if (offsetMs === null) return null
  const halfMs = (roundTripMs ?? 0) / 2
  const reachedMs = (one: ExchangeMark): number => one.reachedAtMs ?? one.askedAtMs + halfMs
  const leftMs = (one: ExchangeMark): number =>
    one.leftAtMs ?? (one.endedAtMs === null ? Infinity : one.endedAtMs - halfMs)
  // The page may not know yet when the last request reached the server, so only messages before this request count.
  const held = lane.marks.exchanges.filter(({ failed }) => failed === undefined)
  const [first] = held
  const last = held.at(-1)
  if (!first || !last) return null
  const fromMs = Math.max(lane.tally.sinceMs, reachedMs(first))
  const published = session.messages.all
    .map(({ event }) => event.at - offsetMs)
    .filter((atMs) => atMs > fromMs && atMs < last.askedAtMs)
  const missed = published.filter((atMs) => {
    const one = held[firstAtOrAfter(held, atMs, leftMs)]
    return !one || reachedMs(one) > atMs
  })
  return published.length === 0
    ? null
    : { value: (100 * missed.length) / published.length, n: published.length, of: 'messages' }
}
