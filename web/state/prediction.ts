/** What a lesson asks its readers to predict: measured by this page where it can be, else by the readers, who are told how. */
import type { TransportName } from '../../server/protocol.ts'
import type { Lane } from './lane.ts'
import type { Exchange } from './mark.ts'
import { firstAtOrAfter } from './search.ts'
import type { Session } from './session.ts'

export interface Question {
  /** On which it is measured. */
  readonly lane: TransportName
  readonly unit: string
  /** What has to hold so that the answer is one to this question; null where it does, or where nothing has to. */
  readonly missing?: (session: Session) => string | null
  /** Null while there is nothing to tell. */
  measured(session: Session): Measured | null
  /** By the model; null where it does not know. */
  expected(session: Session): number | null
}

export interface Measured {
  readonly value: number
  /** How many it was found from, and what they are. */
  readonly n: number
  readonly of: string
}

/** By the lesson's name without its number. */
export const QUESTIONS: Partial<Record<string, Question>> = {
  'why-real-time': {
    lane: 'short-poll',
    unit: 'ms',
    missing: ({ conditions, intervalMs }) =>
      conditions?.latencyMs === 100 && intervalMs === 2000
        ? null
        : 'Measured as soon as the network has its 100 ms each way: the first command under Look.',
    measured(session) {
      const latencies = laneOf(session, 'short-poll')?.latencies
      if (!latencies || latencies.n === 0) return null
      const sumMs = latencies.sorted().reduce((sum, ms) => sum + ms, 0)
      return { value: sumMs / latencies.n, n: latencies.n, of: 'messages' }
    },
    /** Ages are spread evenly, so that the one in the middle is their mean. */
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
    missing: ({ conditions }) =>
      conditions?.latencyMs === 100
        ? null
        : 'Measured as soon as the network has its 100 ms each way: a command under Look.',
    measured(session) {
      const lane = laneOf(session, 'long-poll')
      return lane ? unasked(session, lane) : null
    },
    /** While somebody asks, the next message ends it; each gap behind an answer may hold more, and leads to another one. */
    expected({ roundTripMs, ratePerSecond }) {
      if (roundTripMs === null || !ratePerSecond) return null
      const gapS = roundTripMs / 1000
      return (100 * gapS) / (gapS + Math.exp(-ratePerSecond * gapS) / ratePerSecond)
    },
  },
  'how-websockets-work': {
    lane: 'ws',
    unit: 'bytes',
    /** Of a longer payload, the length takes two bytes more. */
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

/** How to find the number, where it is not this page's to measure: what it is about happens in no lane of it. */
export const COUNTED: Partial<Record<string, string>> = {
  'project-setup': 'When your server runs: the commands under Build that send it the seven bodies.',
  'how-sse-works': 'When your server runs: the command under Explain counts the bytes.',
  'building-an-sse-endpoint': 'The first command under Look is such a server, and counts.',
  'event-types-and-ids': 'The commands under Look that are away for three seconds count them.',
  'sse-in-practice': 'Open the seven tabs: see Look.',
  'building-a-websocket-server': 'The second command under Look is such a server with its hundred clients, and counts.',
  'rooms-and-broadcasting': 'The second command under Look is twenty people, and counts.',
  authentication: 'When your server runs: open the stranger’s page, as under Look, and count.',
  'disconnects-and-reconnection': 'The command under Look with the black hole waits for it.',
  'pub-sub': 'Count them in words: one line for each route and kind. Explain has the number.',
  presence: 'When your server runs: the command under Explain is the twenty people, and counts.',
  scaling: 'The checks make that blink, and say how many came.',
  choosing: 'Read bytes per message in the sandbox, as the first link under Look opens it.',
  'capstone-task-board': 'The last command under Look is a hundred such pages, and counts.',
}

function laneOf(session: Session, name: Lane['name']): Lane | undefined {
  return session.lanes.find((lane) => lane.name === name)
}

/** How many of a hundred messages were published while no request was at the server, since the figures began. */
function unasked(session: Session, lane: Lane): Measured | null {
  const { offsetMs, roundTripMs } = session
  if (offsetMs === null) return null
  const halfMs = (roundTripMs ?? 0) / 2
  const reachedMs = (one: Exchange): number => one.reachedAtMs ?? one.askedAtMs + halfMs
  const leftMs = (one: Exchange): number => one.leftAtMs ?? (one.endedAtMs === null ? Infinity : one.endedAtMs - halfMs)
  // Of an exchange that is still out nobody has told when it reached the server.
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
