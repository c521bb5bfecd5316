/** Claim 2: the time that one broadcast to 10,000 subscribers takes inside the server. */
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { hasNchan, startNchan } from '../bench/nchan.ts'
import { startCrew } from '../compare/crew.ts'
import { divideCores, openFilesLimit } from '../compare/machine.ts'
import { median } from '../compare/median.ts'
import { measureBroadcasts } from './broadcasts.ts'
import type { BroadcastPlan, Broadcasts } from './broadcasts.ts'
import { UNMEASURED, defineClaim, isWithin } from './claim.ts'
import type { ClaimTools, ClaimFigure, ClaimFinding } from './claim.ts'
import { adapter as held } from './held-adapter.ts'
import { adapter as nchan } from './nchan-adapter.ts'
import { startFourwire, unlessTooSlow, watchMachine } from './servers.ts'
import { ms, percent } from './words.ts'

export interface MeasuredBroadcast {
  readonly clients: number
  readonly broadcasts: number
  /** Null if nchan is not installed. */
  readonly nchan: CostOfBroadcast | null
  /** Null if it could not be measured. It decides nothing. */
  readonly fourwire: CostOfBroadcast | null
}

/** Median processor time of the server for one broadcast. */
export interface CostOfBroadcast {
  readonly wsMs: number
  readonly sseMs: number
  /** Without the next request of each client. */
  readonly longPollMs: number
  readonly withNextMs: number
  /** Time until the last client has read the message, over WebSocket, with the clients' own work. */
  readonly lastClientMs: number
  /** Share of the processors that other programs used. */
  readonly othersShare: number
}

const PUBLISHED = { wsMs: 35, sseMs: 56, longPollMs: 81 }
const CLIENTS = 10_000
const QUICK_CLIENTS = 1000
const BROADCASTS = 5
const QUICK_BROADCASTS = 2
const LONG_POLLS = 3
const OTHER_FILES = 100
const NEAR = 1.5
const FAR = 2
/** An order counts as another one only beyond this. */
const REVERSED = 1.1
const OTHERS_SHARE = 0.5
const SETTLE_MS = 1000
const PAUSE_MS = 200

export const broadcast = defineClaim(
  {
    number: 2,
    statement:
      'One broadcast to 10,000 subscribers takes 35 ms over WebSocket, 56 ms over SSE and 81 ms over long polling.',
    source: 'The benchmark data of nchan',
    about:
      'To send one message to many clients, a server writes to every connection, one after the other. The time of this loop was published. For a long poll it is only half of the work, because each client then sends its next request, which the figure leaves out.',
    published: 'nchan, 10,000 subscribers, the time inside the server only, without the next request of a long poll.',
    method:
      'nchan and Fourwire send a text of 100 bytes to the clients up to 5 times. The figure is the processor time of the server from the publish until the last client has the message: the median. For long polling, the clients either wait before their next request, which leaves it out, or send it at once.',
    criterion: {
      reproduced: `With nchan and 10,000 clients, WebSocket takes less than SSE and SSE less than long polling, and both quotients to WebSocket differ from the published ones by a factor of at most ${NEAR}.`,
      refuted: `With nchan and 10,000 clients, the order is another one by more than ${percent(REVERSED - 1)}, or a quotient differs by a factor of more than ${FAR}.`,
      'cannot be told here': `Everything else: nchan is missing, fewer clients are possible, or other programs used more than ${percent(OTHERS_SHARE)} of the processors.`,
    },
    differs: [
      'The machine is another one, so the criterion compares quotients and not milliseconds.',
      'The figure is processor time instead of elapsed time, because other programs use this machine as well.',
      'The size of the published message is not known.',
    ],
    seconds: { usual: 80, quick: 35 },
  },
  measure,
  judgeBroadcast,
)

export function judgeBroadcast(measured: MeasuredBroadcast): ClaimFinding {
  const { clients, broadcasts, nchan, fourwire } = measured
  const figures = [
    ...(nchan ? rowsOf('nchan', nchan, true) : []),
    ...(fourwire ? rowsOf('Fourwire', fourwire, false) : [UNMEASURED]),
  ]
  const found = {
    figures,
    samples: `${broadcasts} broadcasts to ${clients} clients for each figure, ${Math.min(LONG_POLLS, broadcasts)} for long polling`,
  }
  const untold = untoldBy(measured)
  if (untold !== null || !nchan) return { ...found, outcome: 'cannot be told here', why: untold ?? '' }
  const sse = nchan.sseMs / nchan.wsMs
  const longPoll = nchan.longPollMs / nchan.wsMs
  const [publishedSse, publishedPoll] = [PUBLISHED.sseMs / PUBLISHED.wsMs, PUBLISHED.longPollMs / PUBLISHED.wsMs]
  const why = `SSE takes ${sse.toFixed(2)} times as long as WebSocket (published ${publishedSse.toFixed(2)}), and long polling ${longPoll.toFixed(2)} times (published ${publishedPoll.toFixed(2)}).`
  const isReversed = sse * REVERSED < 1 || longPoll * REVERSED < sse
  const isNear = (factor: number): boolean =>
    isWithin(sse, publishedSse, factor) && isWithin(longPoll, publishedPoll, factor)
  if (isReversed || !isNear(FAR)) return { ...found, outcome: 'refuted', why }
  if (sse > 1 && longPoll > sse && isNear(NEAR)) return { ...found, outcome: 'reproduced', why }
  return { ...found, outcome: 'cannot be told here', why: `${why} This is between both limits.` }
}

/** Returns the reason why the outcome cannot be told; null if it can. */
function untoldBy({ clients, nchan }: MeasuredBroadcast): string | null {
  if (!nchan) return 'nchan is not installed. On Debian, install nginx and libnginx-mod-nchan.'
  if (clients < CLIENTS) return `Only ${clients} clients were connected, and the claim is about ${CLIENTS}.`
  if (nchan.othersShare > OTHERS_SHARE) return `Other programs used ${percent(nchan.othersShare)} of the processors.`
  return null
}

function rowsOf(server: string, cost: CostOfBroadcast, isPublished: boolean): readonly ClaimFigure[] {
  const published = (value: number): string | null => (isPublished ? ms(value) : null)
  return [
    { what: `${server}, WebSocket`, published: published(PUBLISHED.wsMs), ours: ms(cost.wsMs) },
    { what: `${server}, SSE`, published: published(PUBLISHED.sseMs), ours: ms(cost.sseMs) },
    { what: `${server}, long poll`, published: published(PUBLISHED.longPollMs), ours: ms(cost.longPollMs) },
    { what: `${server}, long poll with the next request`, published: null, ours: ms(cost.withNextMs) },
    { what: `${server}, last client has read, WebSocket (not judged)`, published: null, ours: ms(cost.lastClientMs) },
  ]
}

async function measure({ isQuick, env, show }: ClaimTools): Promise<MeasuredBroadcast> {
  const clients = Math.min(isQuick ? QUICK_CLIENTS : CLIENTS, (openFilesLimit() ?? Infinity) - OTHER_FILES)
  const count = isQuick ? QUICK_BROADCASTS : BROADCASTS
  using crew = startCrew()
  return {
    clients,
    broadcasts: count,
    nchan: hasNchan() ? await nchanCost({ crew, clients, count }, show) : null,
    fourwire: await fourwireCost(clients, count, env, show),
  }
}

async function nchanCost(load: Load, show: ClaimTools['show']): Promise<CostOfBroadcast> {
  await using server = await startNchan()
  const { pid, port } = server
  divideCores(pid, [process.pid, ...load.crew.pids])
  const url = new URL(`http://127.0.0.1:${port}`)
  const { publish } = nchan
  return await costOf(
    { ...load, pid, name: 'nchan', adapter: NCHAN_ADAPTER, publish },
    { url, nextMs: 1000, connectMs: 0.3 },
    show,
  )
}

/** Returns null if this machine is too slow for so many clients. */
async function fourwireCost(clients: number, count: number, env: NodeJS.ProcessEnv, show: ClaimTools['show']) {
  using crew = startCrew()
  await using server = await startFourwire(env, crew.pids)
  const { url, pid } = server
  const publish: Server['publish'] = async (target, text) => held.publish?.(target, text)
  const load = { crew, clients, count, pid, name: 'Fourwire', adapter: HELD_ADAPTER, publish }
  return await unlessTooSlow(() => costOf(load, { url, nextMs: 2500, connectMs: 0.4 }, show))
}

const NCHAN_ADAPTER = join(import.meta.dirname, 'nchan-adapter.ts')
const HELD_ADAPTER = join(import.meta.dirname, 'held-adapter.ts')

type Load = Pick<BroadcastPlan, 'crew' | 'clients' | 'count'>

interface Server extends Load, Pick<BroadcastPlan, 'pid' | 'adapter' | 'publish'> {
  readonly name: string
}

interface Pace {
  readonly url: URL
  /** Longer than one broadcast, and longer than the server takes for the next requests of all clients. */
  readonly nextMs: number
  /** Time for each client to connect. */
  readonly connectMs: number
}

async function costOf(
  { name, ...server }: Server,
  { url, nextMs, connectMs }: Pace,
  show: ClaimTools['show'],
): Promise<CostOfBroadcast> {
  const others = watchMachine([server.pid, ...server.crew.pids])
  const over = async (transport: string, intervalMs = 0, trailMs = 0): Promise<Broadcasts> => {
    show(`${name}, ${server.clients} clients, ${transport}${intervalMs > 0 ? ' without the next request' : ''}`)
    const run = randomBytes(4).toString('hex')
    const target = { transport, url, publishUrl: url, run, intervalMs, waitS: 30 }
    const times = { settleMs: SETTLE_MS + intervalMs, trailMs, pauseMs: PAUSE_MS + intervalMs }
    // A long poll takes longer, so there are fewer of them.
    const count = transport === 'long-poll' ? Math.min(LONG_POLLS, server.count) : server.count
    return measureBroadcasts({ ...server, ...times, target, count, rampMs: connectMs * server.clients })
  }
  const ws = await over('ws')
  const sse = await over('sse')
  const longPoll = await over('long-poll', nextMs)
  const withNext = await over('long-poll', 0, nextMs)
  return {
    wsMs: median(ws.serverMs),
    sseMs: median(sse.serverMs),
    longPollMs: median(longPoll.serverMs),
    withNextMs: median(withNext.serverMs),
    lastClientMs: median(ws.lastMs),
    othersShare: others(),
  }
}
