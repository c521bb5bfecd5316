/** Claim 7: polling costs less than pushing only if an age of ten seconds is acceptable. */
import { randomBytes } from 'node:crypto'
import { fourwire } from '../compare/adapters/fourwire.ts'
import { post } from '../compare/clients/post.ts'
import { startCrew } from '../compare/crew.ts'
import { median } from '../compare/median.ts'
import { UNMEASURED, defineClaim } from './claim.ts'
import type { ClaimTools, ClaimFigure, ClaimFinding } from './claim.ts'
import { PLAIN_ADAPTER } from './plain-adapter.ts'
import { startFourwire, startPlain, unlessTooSlow, watchMachine } from './servers.ts'
import { measureUpkeep } from './upkeep.ts'
import type { Upkeep, UpkeepPlan } from './upkeep.ts'
import { countOf } from '../compare/words.ts'
import { bytes, percent } from './words.ts'

export interface MeasuredCrossover {
  readonly clients: number
  /** The server that resembles the one of the source decides. */
  readonly plain: MeasuredUpkeep
  /** Null if it could not be measured. It decides nothing. */
  readonly fourwire: MeasuredUpkeep | null
}

export interface MeasuredUpkeep {
  readonly rounds: readonly UpkeepRound[]
  /** Share of the processors that other programs used. */
  readonly othersShare: number
}

interface UpkeepRound {
  readonly sse: Upkeep
  /** Polls with the short and with the long interval. */
  readonly often: Upkeep
  readonly seldom: Upkeep
}

const PUBLISHED_S = 10
/** Half and twice of the published age. */
const OFTEN_S = 5
const SELDOM_S = 20
/** Interval of the updates, and duration of each measurement. */
const UPDATE_MS = 5000
/** So many that the server is seldom idle, as in the source. */
const CLIENTS = 4000
const QUICK_CLIENTS = 1000
const ROUNDS = 2
const OTHERS_SHARE = 0.5
/** Fourwire takes texts of at most 4,000 characters. */
const TEXT_BYTES = { plain: 5200, fourwire: 4000 }

export const tenSeconds = defineClaim(
  {
    number: 7,
    statement: 'Polling serves more clients than SSE only if the clients accept data that is up to 10 seconds old.',
    source: 'Van de Vyvere et al., "Comparing a polling and push-based approach for live Open Data interfaces", 2020',
    about:
      'A client that polls seldom costs little, but its data gets old: up to the interval between two polls, and half of it on average. A client of a stream costs the server one write for each update. So there is an interval from which on polling is cheaper, and it depends on how often the data changes.',
    published:
      'An update of 5.2 kB every 5 s, Express on Node and a cache in nginx, up to 25,000 clients, ARM servers. The 10 s were calculated from the largest number of requests a second.',
    method: `"Wins" means: needs less processor time of the server for each client and minute. ${CLIENTS} clients read an update every 5 s by SSE, and by polling every ${OFTEN_S} s and every ${SELDOM_S} s. If the cost of SSE is between both costs of polling, the interval of equal costs is interpolated. A simple server decides, and Fourwire is measured as well, with one round. The same is done for the bytes.`,
    criterion: {
      reproduced: `In each round, polling every ${OFTEN_S} s costs more than SSE, and polling every ${SELDOM_S} s costs less. So the costs are equal at an interval that differs from 10 s by a factor of at most 2.`,
      refuted: `In each round, polling every ${OFTEN_S} s costs less already, or in each round, polling every ${SELDOM_S} s still costs more.`,
      'cannot be told here': `The rounds contradict each other, or other programs used more than ${percent(OTHERS_SHARE)} of the processors.`,
    },
    differs: [
      'The server has no cache in front of it, because the cache would be measured and not the transport.',
      'The source compares the largest numbers of clients. Here the cost of a client is measured, which says the same as long as the processor is the limit.',
      'A poll of Fourwire brings every update since the last poll, and not only the latest. Its updates have 4,000 bytes.',
      'The heartbeats of the streams are not in the measured time.',
    ],
    seconds: { usual: 100, quick: 55 },
  },
  measure,
  judgeCrossover,
)

export function judgeCrossover({ clients, plain, fourwire }: MeasuredCrossover): ClaimFinding {
  const found = {
    figures: [
      ...rowsOf('simple server', plain, true),
      ...(fourwire ? rowsOf('Fourwire', fourwire, false) : [UNMEASURED]),
    ],
    samples: `${countOf(plain.rounds.length, 'round')} of ${UPDATE_MS / 1000} s with ${clients} clients for each figure`,
  }
  const all = crossingsOf(plain, 'cpuMs')
  if (plain.othersShare > OTHERS_SHARE)
    return {
      ...found,
      outcome: 'cannot be told here',
      why: `Other programs used ${percent(plain.othersShare)} of the processors.`,
    }
  const why = `On the simple server, polling and SSE need equal processor time at an interval of ${all.map(secondsText).join(' and ')}.`
  if (all.every((seconds) => seconds > 0 && seconds < Infinity)) return { ...found, outcome: 'reproduced', why }
  if (all.every((seconds) => seconds === 0))
    return { ...found, outcome: 'refuted', why: `${why} So polling wins already with younger data.` }
  if (all.every((seconds) => seconds === Infinity))
    return { ...found, outcome: 'refuted', why: `${why} So SSE wins even if older data is acceptable.` }
  return { ...found, outcome: 'cannot be told here', why: `${why} The rounds contradict each other.` }
}

/**
 * Returns for each round the interval at which polling costs as much as SSE, in seconds. Between the two measured
 * intervals it is interpolated on logarithmic scales. 0 if polling is cheaper already at the shorter one, and Infinity
 * if polling costs more even at the longer one, because nothing is known beyond them.
 */
export function crossingsOf({ rounds }: MeasuredUpkeep, what: keyof Upkeep): readonly number[] {
  return rounds.map(({ sse, often, seldom }) => {
    if (sse[what] >= often[what]) return 0
    if (sse[what] < seldom[what]) return Infinity
    const share = Math.log(often[what] / sse[what]) / Math.log(often[what] / seldom[what])
    return OFTEN_S * (SELDOM_S / OFTEN_S) ** share
  })
}

function rowsOf(server: string, measured: MeasuredUpkeep, isJudged: boolean): readonly ClaimFigure[] {
  const { rounds } = measured
  const row = (what: string, of: (round: UpkeepRound) => Upkeep): ClaimFigure => ({
    what: `${server}, ${what}, each client and minute`,
    published: null,
    ours: `${median(rounds.map((round) => of(round).cpuMs)).toFixed(3)} ms CPU, ${bytes(median(rounds.map((round) => of(round).bytes)))}`,
  })
  const crossing = (what: keyof Upkeep): string => secondsText(median(crossingsOf(measured, what)))
  return [
    row('SSE, mean age near 0 s', ({ sse }) => sse),
    row(`poll every ${OFTEN_S} s, mean age ${OFTEN_S / 2} s`, ({ often }) => often),
    row(`poll every ${SELDOM_S} s, mean age ${SELDOM_S / 2} s`, ({ seldom }) => seldom),
    {
      what: `${server}, equal processor time at`,
      published: isJudged ? `${PUBLISHED_S} s` : null,
      ours: crossing('cpuMs'),
    },
    { what: `${server}, equal bytes at`, published: null, ours: crossing('bytes') },
  ]
}

function secondsText(seconds: number): string {
  if (seconds === 0) return `less than ${OFTEN_S} s`
  return seconds === Infinity ? `more than ${SELDOM_S} s` : `${seconds.toFixed(1)} s`
}

async function measure({ isQuick, env, show }: ClaimTools): Promise<MeasuredCrossover> {
  const rounds = isQuick ? 1 : ROUNDS
  using crew = startCrew()
  const clients = isQuick ? QUICK_CLIENTS : CLIENTS
  const plain = await plainUpkeep({ crew, clients }, rounds, show)
  return { clients, plain, fourwire: await fourwireUpkeep({ crew, clients }, env, show) }
}

type Clients = Pick<UpkeepPlan, 'crew' | 'clients'>

async function plainUpkeep(load: Clients, rounds: number, show: ClaimTools['show']): Promise<MeasuredUpkeep> {
  await using server = await startPlain('plain-server.ts', load.crew.pids)
  const publish: UpkeepPlan['publish'] = ({ publishUrl }, mark) =>
    post(publishUrl, JSON.stringify([mark.padEnd(TEXT_BYTES.plain - '[""]'.length, 'x')]), 'application/json')
  const { url, pid } = server
  return await upkeepOf(
    { name: 'simple server', url, ...load, connectMs: 0.4, pid, adapter: PLAIN_ADAPTER, publish },
    rounds,
    show,
  )
}

/** Returns null if this machine is too slow for so many clients. */
async function fourwireUpkeep(load: Clients, env: NodeJS.ProcessEnv, show: ClaimTools['show']) {
  await using server = await startFourwire(env, load.crew.pids)
  const publish: UpkeepPlan['publish'] = async (target, mark) =>
    fourwire.publish?.(target, mark.padEnd(TEXT_BYTES.fourwire, 'x'))
  const { url, pid } = server
  const measured = { name: 'Fourwire', url, ...load, connectMs: 1, pid, adapter: 'fourwire', publish }
  return await unlessTooSlow(() => upkeepOf(measured, 1, show))
}

interface Measured extends Clients, Pick<UpkeepPlan, 'pid' | 'adapter' | 'publish' | 'connectMs'> {
  readonly name: string
  readonly url: URL
}

async function upkeepOf(
  { name, url, ...server }: Measured,
  rounds: number,
  show: ClaimTools['show'],
): Promise<MeasuredUpkeep> {
  const others = watchMachine([server.pid, ...server.crew.pids])
  const upkeep = (transport: string, intervalS: number, round: number): Promise<Upkeep> => {
    show(`${name}, round ${round + 1} of ${rounds}, ${transport}${intervalS > 0 ? ` every ${intervalS} s` : ''}`)
    const run = randomBytes(4).toString('hex')
    const target = { transport, url, publishUrl: url, run, intervalMs: intervalS * 1000, waitS: 25 }
    const updatesPerPoll = (intervalS * 1000) / UPDATE_MS
    return measureUpkeep({ ...server, target, windowMs: UPDATE_MS, updatesPerPoll })
  }
  // The first clients compile the code of the server.
  await upkeep('short-poll', OFTEN_S, 0)
  const measured: UpkeepRound[] = []
  for (let round = 0; round < rounds; round++) {
    const sse = await upkeep('sse', 0, round)
    const often = await upkeep('short-poll', OFTEN_S, round)
    const seldom = await upkeep('short-poll', SELDOM_S, round)
    measured.push({ sse, often, seldom })
  }
  return { rounds: measured, othersShare: others() }
}
