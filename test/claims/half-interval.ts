/** Claim 4: a long poll is as fast as a WebSocket, as long as the latency is below half of the interval of updates. */
import { setTimeout as after } from 'node:timers/promises'
import { medianInterval } from '../bench/figures.ts'
import { markIn, markOf } from '../compare/adapter.ts'
import type { ComparedServer } from '../compare/adapter.ts'
import { fourwire } from '../compare/adapters/fourwire.ts'
import { median } from '../compare/median.ts'
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
  /** Delays over WebSocket, from the arrival of the publish at the server to the receipt, of each message. */
  readonly webSocketMs: readonly number[]
  /** Time by which each message came later over the long poll. */
  readonly extraMs: readonly number[]
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
/** Nine of ten messages over WebSocket may differ from the latency by at most this. */
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
      'For each latency, one Fourwire with this latency in each direction on the wire. A client over long polling and one over WebSocket receive the same updates, at a strict rhythm of 4 updates a second. The figure is the median time by which a message comes later over the long poll, with its 95 % confidence interval.',
    criterion: {
      reproduced: `At each latency below half of the interval, the long poll is later by less than ${percent(EQUAL)} of the interval, and at each latency above by more, with the whole confidence interval.`,
      refuted: `At one of the latencies it is the other way round, with the whole confidence interval.`,
      'cannot be told here': `Everything else, and if a message is lost. Also if a tenth of the messages over WebSocket differ from the latency by more than ${HARMLESS_MS} ms, because then the machine was too busy.`,
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
  const limitMs = EQUAL * intervalMs
  const judged = lines.map((line) => ({ ...line, ...judgedLine(line, limitMs, line.latencyMs < intervalMs / 2) }))
  const found = {
    figures: judged.map(({ latencyMs, webSocketMs, laterMs, isBelow }) => ({
      what: `latency ${ms(latencyMs)}, ${percent(latencyMs / intervalMs)} of the interval: WebSocket, long poll later by`,
      published: isBelow ? 'equal' : 'long poll slower',
      ours: `${ms(median(webSocketMs))}, ${ms(laterMs)}`,
    })),
    samples: `${lines[0]?.extraMs.length ?? 0} messages at each latency`,
  }
  const untold = (why: string): ClaimFinding => ({ ...found, outcome: 'cannot be told here', why })
  const textOf = ({ latencyMs, laterMs }: { readonly latencyMs: number; readonly laterMs: number }): string =>
    `At a latency of ${ms(latencyMs)}, ${percent(latencyMs / intervalMs)} of the interval, the long poll was later by ${ms(laterMs)}.`
  const lossy = judged.find(({ lost }) => lost > 0)
  if (lossy) return untold(`${lossy.lost} deliveries are missing at a latency of ${ms(lossy.latencyMs)}.`)
  const disturbed = judged.find(({ disturbedMs }) => disturbedMs > HARMLESS_MS)
  if (disturbed)
    return untold(
      `The machine was too busy: a tenth of the messages over WebSocket arrived ${ms(disturbed.disturbedMs)} too early or too late, at a latency of ${ms(disturbed.latencyMs)}.`,
    )
  const wrong = judged.find(({ contradicts }) => contradicts)
  if (wrong) return { ...found, outcome: 'refuted', why: textOf(wrong) }
  const unsure = judged.find(({ agrees }) => !agrees)
  if (unsure) return untold(`${textOf(unsure)} The confidence interval is on both sides of ${ms(limitMs)}.`)
  const below = judged.filter(({ isBelow }) => isBelow).map(({ laterMs }) => laterMs)
  const above = judged.filter(({ isBelow }) => !isBelow).map(({ laterMs }) => laterMs)
  return {
    ...found,
    outcome: 'reproduced',
    why: `Below half of the interval the long poll was later by at most ${ms(Math.max(...below))}, and above by at least ${ms(Math.min(...above))}.`,
  }
}

/** Compares the confidence interval of the median with the limit. */
function judgedLine({ latencyMs, webSocketMs, extraMs }: Line, limitMs: number, isBelow: boolean) {
  const interval = medianInterval(extraMs)
  const isSmall = interval !== null && interval.high < limitMs
  const isLarge = interval !== null && interval.low >= limitMs
  const errors = webSocketMs.map((delayMs) => Math.abs(delayMs - latencyMs)).toSorted((a, b) => a - b)
  return {
    isBelow,
    laterMs: median(extraMs),
    agrees: isBelow ? isSmall : isLarge,
    contradicts: isBelow ? isLarge : isSmall,
    disturbedMs: errors[Math.floor(0.9 * errors.length)] ?? Number.NaN,
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
    const pairs = counted.flatMap(({ id, sentMs }) => {
      const [fastMs, slowMs] = [webSocket.arrivals.get(id), longPoll.arrivals.get(id)]
      // The publish itself takes the latency to the server.
      return fastMs === undefined || slowMs === undefined
        ? []
        : [[fastMs - sentMs - latencyMs, slowMs - fastMs] as const]
    })
    return {
      latencyMs,
      webSocketMs: pairs.map(([delayMs]) => delayMs),
      extraMs: pairs.map(([, laterMs]) => laterMs),
      lost: counted.length - pairs.length,
    }
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
