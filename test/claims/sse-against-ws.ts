/** Claim 5: SSE is slower than WebSocket by large margins. */
import { randomBytes } from 'node:crypto'
import { medianInterval } from '../bench/figures.ts'
import type { ComparedServer } from '../compare/adapter.ts'
import { fourwire } from '../compare/adapters/fourwire.ts'
import { startCrew } from '../compare/crew.ts'
import { measure as measureOnce } from '../compare/measure.ts'
import type { TransportRun } from '../compare/measure.ts'
import { divideCores } from '../compare/machine.ts'
import { median } from '../compare/median.ts'
import { startRelay } from '../compare/relay.ts'
import { readOptions } from '../compare/options.ts'
import { summarise } from '../compare/summary.ts'
import { CompareError } from '../compare/trouble.ts'
import { defineClaim } from './claim.ts'
import type { ClaimTools, ClaimFinding } from './claim.ts'
import { startFourwire } from './servers.ts'
import { ms, times } from './words.ts'

export interface MeasuredMargins {
  readonly messages: number
  readonly networks: readonly NetworkMargin[]
}

interface NetworkMargin {
  readonly latencyMs: number
  /** Median delay of each repetition. */
  readonly sseMs: readonly number[]
  readonly webSocketMs: readonly number[]
  /** Reason why the delays cannot be told; null if they can. */
  readonly doubt: string | null
}

const LATENCIES_MS = [0, 25, 100]
const REPETITIONS = 6
const WORKLOAD = { clients: 20, rate: 40, seconds: 0.6, quickSeconds: 0.5 }
const LARGE = 1.5

export const sseAgainstWs = defineClaim(
  {
    number: 5,
    statement: 'WebSocket is faster than SSE by large margins.',
    source: 'Bigestans, bachelor thesis at the University of Skövde, 2014',
    about:
      'Over both transports a connection is open all the time, and the server writes a message into it at once. SSE adds a few letters around the message, and WebSocket adds a frame of a few bytes. So there is no reason for a large difference, if both are measured with the same server and the same way of sending.',
    published: 'One web application for each transport, 100 messages, three networks, delays in a browser.',
    method: `One Fourwire, ${WORKLOAD.clients} clients, ${WORKLOAD.rate} messages a second, over networks with a latency of ${LATENCIES_MS.join(', ')} ms in each direction, which a relay imitates. The transports take turns, ${REPETITIONS} times. Each turn has a quotient: the median delay over SSE, divided by the one over WebSocket. The figure is the median of the quotients, with its 95 % confidence interval.`,
    criterion: {
      reproduced: `On every network, the whole interval is at ${LARGE} or above.`,
      refuted: `On every network, the whole interval is below ${LARGE}.`,
      'cannot be told here': 'Everything else, and if the clients or other programs were too busy.',
    },
    differs: [
      'The source does not state how large the margins are in numbers that we know, so "large" means half as much again.',
      'Both transports have the same server and the same publisher, because otherwise the applications would be compared and not the transports.',
      'The clients are plain sockets, not a browser.',
    ],
    seconds: { usual: 50, quick: 18 },
  },
  measure,
  judgeMargins,
)

export function judgeMargins({ messages, networks }: MeasuredMargins): ClaimFinding {
  const margins = networks.map(({ latencyMs, sseMs, webSocketMs }) => {
    const quotients = sseMs.map((sse, i) => sse / (webSocketMs[i] ?? Number.NaN))
    return { latencyMs, middle: median(quotients), interval: medianInterval(quotients) }
  })
  const found = {
    figures: networks.flatMap(({ latencyMs, sseMs, webSocketMs }, i) => {
      const { middle = Number.NaN, interval = null } = margins[i] ?? {}
      const range = interval ? ` (${interval.low.toFixed(2)} to ${interval.high.toFixed(2)})` : ''
      return [
        {
          what: `median delay at latency ${latencyMs} ms: SSE, WebSocket`,
          published: null,
          ours: `${ms(median(sseMs))}, ${ms(median(webSocketMs))}`,
        },
        { what: `quotient at latency ${latencyMs} ms`, published: 'large', ours: `${middle.toFixed(2)}${range}` },
      ]
    }),
    samples: `${networks[0]?.sseMs.length ?? 0} turns, together ${messages} messages for each transport and network`,
  }
  const doubts = networks.flatMap(({ latencyMs, doubt }) => (doubt === null ? [] : [`At ${latencyMs} ms: ${doubt}`]))
  if (doubts.length > 0) return { ...found, outcome: 'cannot be told here', why: doubts.join(' ') }
  if (margins.some(({ interval }) => interval === null))
    return { ...found, outcome: 'cannot be told here', why: 'There were too few turns for a confidence interval.' }
  const [high, low] = [
    Math.max(...margins.map(({ interval }) => interval?.high ?? Infinity)),
    Math.min(...margins.map(({ interval }) => interval?.low ?? -Infinity)),
  ]
  if (high < LARGE)
    return {
      ...found,
      outcome: 'refuted',
      why: `On every network SSE takes less than ${times(high)} the time of WebSocket.`,
    }
  if (low >= LARGE)
    return {
      ...found,
      outcome: 'reproduced',
      why: `On every network SSE takes at least ${times(low)} the time of WebSocket.`,
    }
  return {
    ...found,
    outcome: 'cannot be told here',
    why: `The quotient lies between ${low.toFixed(2)} and ${high.toFixed(2)}, on both sides of ${LARGE}.`,
  }
}

async function measure({ isQuick, env, show }: ClaimTools): Promise<MeasuredMargins> {
  const seconds = isQuick ? WORKLOAD.quickSeconds : WORKLOAD.seconds
  const latenciesMs = isQuick ? LATENCIES_MS.slice(0, 1) : LATENCIES_MS
  using crew = startCrew()
  await using server = await startFourwire(env, crew.pids)
  const networks: NetworkMargin[] = []
  for (const latencyMs of latenciesMs) {
    const options = optionsOf(seconds, latencyMs)
    using relay = latencyMs > 0 ? startRelay(options) : null
    const helpers = [process.pid, ...crew.pids, ...(relay?.pid === undefined ? [] : [relay.pid])]
    divideCores(server.pid, helpers)
    const turn = async (transport: string, seed: number): Promise<TransportRun> => {
      const { url, pid } = server
      const through = (await relay?.aim(url)) ?? url
      const target = targetOf(url, transport)
      return measureOnce({ adapter: fourwire, options, crew, relay, target, through, pid, seed })
    }
    // The first turn compiles the code of the server.
    if (latencyMs === 0) await turn('ws', REPETITIONS)
    const runs: { sse: TransportRun[]; ws: TransportRun[] } = { sse: [], ws: [] }
    for (let i = 0; i < REPETITIONS; i++) {
      show(`latency ${latencyMs} ms, turn ${i + 1} of ${REPETITIONS}`)
      for (const transport of i % 2 === 0 ? (['sse', 'ws'] as const) : (['ws', 'sse'] as const))
        runs[transport].push(await turn(transport, i))
    }
    const [sse, ws] = [summarise(runs.sse), summarise(runs.ws)]
    const lost = sse.lost + ws.lost
    networks.push({
      latencyMs,
      sseMs: sse.each.map(({ p50 }) => p50 ?? Number.NaN),
      webSocketMs: ws.each.map(({ p50 }) => p50 ?? Number.NaN),
      doubt: lost > 0 ? `${lost} deliveries are missing.` : (sse.doubt ?? ws.doubt),
    })
  }
  return { messages: Math.round(REPETITIONS * WORKLOAD.rate * seconds), networks }
}

function optionsOf(seconds: number, latencyMs: number) {
  const { clients, rate } = WORKLOAD
  const given = { clients, rate, seconds, warmup: 0.3, ramp: 0.1, repeat: 1, rtt: 2 * latencyMs }
  const options = readOptions(Object.entries(given).flatMap(([name, value]) => [`--${name}`, String(value)]))
  if (!options) throw new CompareError('The options of a measurement are missing.')
  return options
}

function targetOf(url: URL, transport: string): ComparedServer {
  const run = randomBytes(4).toString('hex')
  return { transport, url, publishUrl: url, run, intervalMs: 1000, waitS: 25 }
}
