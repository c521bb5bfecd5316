/** Claim 4: a long poll is as fast as a WebSocket, as long as the latency is below half of the interval of updates. */
import { setTimeout as after } from 'node:timers/promises'
import { markIn, markOf } from '../compare/adapter.ts'
import type { ComparedServer } from '../compare/adapter.ts'
import { fourwire } from '../compare/adapters/fourwire.ts'
import { now } from '../compare/now.ts'
import { publishAll } from '../compare/publishing.ts'
import { CompareError } from '../compare/trouble.ts'
import { defineClaim } from './claim.ts'
import type { ClaimTools, ClaimFinding } from './claim.ts'
import { setConditions, startFourwire } from './servers.ts'
import { ms, percent } from './words.ts'

export interface MeasuredHalf {
  readonly intervalMs: number
  readonly lines: readonly Line[]
}

/** Delays over a network with one latency. */
interface Line {
  readonly latencyMs: number
  readonly messages: number
  /** Mean time from the arrival of the publish at the server to the receipt. */
  readonly webSocketMs: number
  readonly longPollMs: number
  /** Number of deliveries that are missing. */
  readonly lost: number
}

const INTERVAL_MS = 250
const SHARES = [0.1, 0.25, 0.4, 0.6, 0.75, 1]
const QUICK_SHARES = [0.25, 0.75]
const MESSAGES = 40
const QUICK_MESSAGES = 12
/** Messages at the start, which do not count: connections are still being opened. */
const WARM_UP = 8
/** A difference of less than this share of the interval counts as none. */
const EQUAL = 0.1
/** The delay of the WebSocket may differ from the latency by at most this, or the machine was too busy. */
const HARMLESS_MS = 25
const SETTLE_MS = 1500

export const halfInterval = defineClaim(
  {
    number: 4,
    statement:
      'A long poll is about as fast as a WebSocket while the latency of the network is below half of the interval between two updates, and slower above.',
    source:
      'Pimentel and Nickerson, "Communicating and Displaying Real-Time Data with WebSocket", IEEE Internet Computing, 2012',
    about:
      'After each update, the response of a long poll travels to the client, and the next request travels back: together twice the latency. If the next update comes later than that, the request is already waiting at the server, and the update leaves at once. If it comes earlier, the update has to wait for the request.',
    published:
      'Wind sensor at 4 updates a second, about 100 bytes each, one-way latency, real networks between several countries.',
    method:
      'For each latency, one Fourwire with this latency in each direction on the wire. A client over long polling and one over WebSocket receive the same updates, at a strict rhythm of 4 updates a second. The figure is the mean time by which the long poll delivers later.',
    criterion: {
      reproduced: `At each latency below half of the interval, the long poll is later by less than ${percent(EQUAL)} of the interval, and at each latency above by more.`,
      refuted: `At some latency below half of the interval the long poll is later by more than ${percent(EQUAL)} of the interval, or at some latency above by less.`,
      'cannot be told here': `A message is lost, or the WebSocket's own delay differs from the latency by more than ${HARMLESS_MS} ms, which means that the machine was too busy.`,
    },
    differs: [
      'The latency is simulated on the wire of the server, without jitter and losses, because real networks have a different latency each time.',
      'Server and clients are on one machine, and the server is Fourwire instead of Jetty.',
    ],
    seconds: { usual: 22, quick: 12 },
  },
  measure,
  judgeHalf,
)

export function judgeHalf({ intervalMs, lines }: MeasuredHalf): ClaimFinding {
  const found = {
    figures: lines.map(({ latencyMs, webSocketMs, longPollMs }) => ({
      what: `latency ${ms(latencyMs)}, ${percent(latencyMs / intervalMs)} of the interval: WebSocket, long poll`,
      published: latencyMs < intervalMs / 2 ? 'equal' : 'long poll slower',
      ours: `${ms(webSocketMs)}, ${ms(longPollMs)}`,
    })),
    samples: `${lines[0]?.messages ?? 0} messages at each latency`,
  }
  const lossy = lines.find(({ lost }) => lost > 0)
  if (lossy)
    return {
      ...found,
      outcome: 'cannot be told here',
      why: `${lossy.lost} deliveries are missing at a latency of ${ms(lossy.latencyMs)}.`,
    }
  const disturbed = lines.find(({ latencyMs, webSocketMs }) => Math.abs(webSocketMs - latencyMs) > HARMLESS_MS)
  if (disturbed)
    return {
      ...found,
      outcome: 'cannot be told here',
      why: `The WebSocket itself took ${ms(disturbed.webSocketMs)} over a network with a latency of ${ms(disturbed.latencyMs)}, so the machine was too busy.`,
    }
  const extraOf = ({ longPollMs, webSocketMs }: Line): number => longPollMs - webSocketMs
  const wrong = lines.find((line) => line.latencyMs < intervalMs / 2 !== extraOf(line) < EQUAL * intervalMs)
  if (wrong)
    return {
      ...found,
      outcome: 'refuted',
      why: `At a latency of ${ms(wrong.latencyMs)}, ${percent(wrong.latencyMs / intervalMs)} of the interval, the long poll was later by ${ms(extraOf(wrong))}.`,
    }
  const below = lines.filter(({ latencyMs }) => latencyMs < intervalMs / 2).map(extraOf)
  const above = lines.filter(({ latencyMs }) => latencyMs > intervalMs / 2).map(extraOf)
  return {
    ...found,
    outcome: 'reproduced',
    why: `Below half of the interval the long poll was later by at most ${ms(Math.max(...below))}, and above by at least ${ms(Math.min(...above))}.`,
  }
}

async function measure({ isQuick, env, show }: ClaimTools): Promise<MeasuredHalf> {
  const shares = isQuick ? QUICK_SHARES : SHARES
  show(`${shares.length} latencies at the same time`)
  const messages = isQuick ? QUICK_MESSAGES : MESSAGES
  await using servers = new AsyncDisposableStack()
  const urls: URL[] = []
  for (const share of shares) {
    const server = servers.use(await startFourwire(env))
    await setConditions(server.url, { latencyMs: share * INTERVAL_MS })
    urls.push(server.url)
  }
  const lines = await Promise.all(urls.map((url, i) => lineOf(url, (shares[i] ?? 0) * INTERVAL_MS, messages, i)))
  return { intervalMs: INTERVAL_MS, lines }
}

/** Measures one line. `place` spreads the lines over the interval, so that they do not disturb each other. */
async function lineOf(url: URL, latencyMs: number, messages: number, place: number): Promise<Line> {
  const run = `half${place}`
  const target = { url, publishUrl: url, run, intervalMs: 0, waitS: 25 }
  const webSocket = receive({ ...target, transport: 'ws' })
  const longPoll = receive({ ...target, transport: 'long-poll' })
  try {
    await Promise.all([webSocket.live, longPoll.live])
    // The first request of the long poll that is held must be at the server.
    await after(4 * latencyMs)
    const schedule = Array.from({ length: WARM_UP + messages }, (_, i) => i * INTERVAL_MS)
    const idOf = (number: number): string => markOf(run, number)
    const startMs = now() + INTERVAL_MS + (place * INTERVAL_MS) / 7
    const publishing = publishAll(schedule, startMs, idOf, async (number) =>
      fourwire.publish?.({ ...target, transport: 'ws' }, idOf(number)),
    )
    await publishing.settled
    await after(SETTLE_MS)
    const counted = publishing.messages.slice(WARM_UP)
    const delays = (arrivals: ReadonlyMap<string, number>): readonly number[] =>
      counted.flatMap(({ id, sentMs }) => {
        const atMs = arrivals.get(id)
        // The publish itself takes the latency to the server.
        return atMs === undefined ? [] : [atMs - sentMs - latencyMs]
      })
    const [fast, slow] = [delays(webSocket.arrivals), delays(longPoll.arrivals)]
    const lost = 2 * counted.length - fast.length - slow.length
    return { latencyMs, messages: counted.length, webSocketMs: mean(fast), longPollMs: mean(slow), lost }
  } finally {
    webSocket.close()
    longPoll.close()
  }
}

/** Opens a client that notes when each message has arrived. */
function receive(target: ComparedServer) {
  const live = Promise.withResolvers<void>()
  const arrivals = new Map<string, number>()
  const connection = fourwire.connect(target, {
    live: live.resolve,
    received(text, atMs = now()) {
      const id = markIn(text)
      if (id !== null) arrivals.set(id, atMs)
    },
    failed: (why) => live.reject(new CompareError(`The client over ${target.transport} failed: ${why}.`)),
  })
  return { live: live.promise, arrivals, close: () => connection.close() }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
