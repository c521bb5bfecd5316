/** Measures all transports in turns: in each repetition every transport once, each time in another order. */
import { randomBytes } from 'node:crypto'
import type { Adapter, ComparedServer } from './adapter.ts'
import { startCrew } from './crew.ts'
import { tellFollower } from './follower.ts'
import { divideCores } from './machine.ts'
import { measure } from './measure.ts'
import type { TransportRun } from './measure.ts'
import type { Options } from './options.ts'
import { startOwnServer } from './own-server.ts'
import { probe } from './probe.ts'
import { isChanged } from './conditions.ts'
import { startRelay } from './relay.ts'
import { startProgress } from './progress.ts'

export interface Rounds {
  readonly runs: readonly TransportRun[]
  /** True if the server and the clients had cores of their own. */
  readonly isPinned: boolean
}

/** Time to start a server and to wait for the last messages. */
const BESIDE_S = 1.5

/** Rejects with `CompareError` before anything is measured, if the input does not fit the server. */
export async function measureAll(
  adapter: Adapter,
  options: Options,
  transports: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Rounds> {
  const onServer = <Result>(use: (url: URL, pid: number | undefined) => Promise<Result>): Promise<Result> =>
    withServer(options, env, use)
  using relay = isChanged(options) ? startRelay(options) : null
  await onServer(async (url) => {
    for (const transport of transports) {
      const target = targetOf(options, transport, url)
      await probe(adapter, options, target, (await relay?.aim(target.url)) ?? target.url)
    }
  })
  using crew = startCrew()
  let isPinned = true
  const { ramp, warmup, seconds, repeat } = options
  const progress = startProgress(process.stderr, repeat * transports.length * (ramp + warmup + seconds + BESIDE_S))
  const runs: TransportRun[] = []
  try {
    for (let round = 0; round < repeat; round++) {
      for (const transport of rotated(transports, round)) {
        progress.show(`Repetition ${round + 1} of ${repeat}, ${transport}`)
        await tellFollower({
          is: 'measuring',
          repetition: round + 1,
          repetitions: repeat,
          transport,
          done: runs.length,
          total: repeat * transports.length,
        })
        const run = await onServer(async (url, pid) => {
          // A server that the user has started keeps its cores.
          const helpers = [process.pid, ...crew.pids, ...(relay?.pid === undefined ? [] : [relay.pid])]
          isPinned &&= !options.url && pid !== undefined && divideCores(pid, helpers)
          const target = targetOf(options, transport, url)
          const through = (await relay?.aim(target.url)) ?? target.url
          return measure({ adapter, options, crew, relay, target, through, pid, seed: round })
        })
        runs.push(run)
      }
    }
  } finally {
    progress.end()
  }
  return { runs, isPinned }
}

/** Starts a Fourwire for one use, unless the user has named a server. A new one has no memory of the last use. */
async function withServer<Result>(
  { url, pid }: Options,
  env: NodeJS.ProcessEnv,
  use: (url: URL, pid: number | undefined) => Promise<Result>,
): Promise<Result> {
  if (url) return use(url, pid)
  await using server = await startOwnServer(env)
  // Without `await` the server would end before its use.
  return await use(server.url, server.pid)
}

/** Returns the server for one measurement, with a new random name. */
export function targetOf(
  { publish, interval, wait, headers, isInsecure, isHttp2 }: Options,
  transport: string,
  given: URL,
): ComparedServer {
  const run = randomBytes(4).toString('hex')
  const [url, publishUrl] = [withRun(given, run), withRun(publish ?? given, run)]
  const connecting = { headers, isInsecure, isHttp2 }
  return { transport, url, publishUrl, run, intervalMs: interval * 1000, waitS: wait, ...connecting }
}

/** Replaces `{run}`. A URL encodes the braces in its path, and not in its query. */
const withRun = ({ href }: URL, run: string): URL => new URL(href.replace(/\{run\}|%7Brun%7D/gi, run))

/** Returns the values in a row that begins with another one in each round. */
export const rotated = <Value>(values: readonly Value[], by: number): readonly Value[] => {
  const first = by % values.length
  return [...values.slice(first), ...values.slice(0, first)]
}
