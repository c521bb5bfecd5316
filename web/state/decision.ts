/** The decision page's state: a workload, what the model says of it, and what was measured. It draws nothing. */
import type { Conditions as Network } from '../../server/protocol.ts'
import type { Measured } from '../measure/agreement.ts'
import { conditionsOf, predict } from '../measure/choosing.ts'
import type { ByTransport, Predicted, Way } from '../measure/choosing.ts'
import type { Conditions, Sizes } from '../measure/model.ts'
import { readWorkload, writeWorkload } from '../measure/workload.ts'
import type { Workload } from '../measure/workload.ts'
import { openBench } from './bench.ts'
import type { Ran, Run } from './bench.ts'
import { TRANSPORTS } from './order.ts'

export interface Decision {
  readonly workload: Workload
  readonly is: 'learning' | 'ready' | 'measuring' | 'failed'
  /** Of a run that goes on, 0 to 1. */
  readonly share: number
  /** What went wrong, as a sentence; null where nothing did. */
  readonly trouble: string | null
  /** Null while the sizes are not known. */
  readonly predicted: ByTransport<Predicted> | null
  readonly conditions: Conditions | null
  readonly result: Result | null
  /** May the network be bent from this page? Null before the lab has told. */
  readonly isInstructor: boolean | null
  /** What of the workload cannot be measured from here, as sentences. */
  readonly unset: readonly string[]
  seconds: number
  set(change: Partial<Workload>): void
  measure(): void
  cancel(): void
  /** Learns the sizes again, after a failure. */
  retry(): void
}

/** What was measured, beside what the model says of that very run. */
export interface Result {
  readonly measured: ByTransport<Measured | null>
  readonly predicted: ByTransport<Predicted>
  readonly busyMs: number
  /** The workload that it is about. */
  readonly of: Workload
}

/** So that the server's limit of 20 a second for one client is not met by chance. */
const MOST_PER_SECOND = 10
/** A minute has some messages then. */
const LEAST_PER_SECOND = 0.1

const SECONDS = 20
const LEARN: Omit<Run, 'text'> = {
  conditions: { intervalMs: 200, waitS: 25 },
  ratePerSecond: 5,
  seconds: 3,
  idleShare: 0,
}

/** `changed`: something is to be drawn; with the address that the state has now. */
export function openDecision(origin: string, search: string, changed: (search: string) => void): Decision {
  let workload = readWorkload(search)
  let is: Decision['is'] = 'learning'
  let share = 0
  let trouble: string | null = null
  let learnt: { readonly sizes: ByTransport<Sizes>; readonly bytes: number } | null = null
  let result: Result | null = null
  let running: AbortController | null = null
  const tell = (): void => changed(writeWorkload(workload))
  const bench = openBench(origin, tell)
  void learn()

  const decision: Decision = {
    get workload() {
      return workload
    },
    get is() {
      return is
    },
    get share() {
      return share
    },
    get trouble() {
      return trouble
    },
    get predicted() {
      const way = wayOf(workload)
      return way && predictedOf(workload, way)
    },
    get conditions() {
      const way = wayOf(workload)
      return way && conditionsOf(workload, way)
    },
    get result() {
      return result
    },
    get isInstructor() {
      return bench.isInstructor
    },
    get unset() {
      return unsetOf(workload)
    },
    seconds: SECONDS,
    set(change) {
      workload = { ...workload, ...change }
      result = null
      tell()
    },
    measure: () => void measure(),
    cancel: () => running?.abort(new Error('Cancelled; nothing was kept of it.')),
    retry: () => void learn(),
  }
  return decision

  async function learn(): Promise<void> {
    is = 'learning'
    trouble = null
    tell()
    try {
      const { bytes } = workload
      const run = { ...LEARN, text: textOf(bytes) }
      const { sizes } = await attempt(run)
      // Where a firewall refuses WebSockets their sizes are not to be learnt, and those of the other stream are near.
      const known = TRANSPORTS.map((name) => [name, sizes[name] ?? sizes.sse] as const)
      if (known.some(([, one]) => one === null))
        throw new Error(
          'No message came over all lanes within three seconds: the way is too slow, or the machine too busy.',
        )
      learnt = { sizes: Object.fromEntries(known) as ByTransport<Sizes>, bytes }
      is = 'ready'
    } catch (error) {
      fail(error)
    }
    tell()
  }

  async function measure(): Promise<void> {
    if (!learnt || is === 'measuring') return
    const asked = workload
    const before = bench.network
    const change = changeFor(asked)
    is = 'measuring'
    trouble = null
    result = null
    tell()
    try {
      if (change) await bench.setNetwork(change)
      const { way } = bench
      if (!way) throw new Error('There is no clock: the lab’s WebSocket did not open. Reload the page.')
      const { intervalMs, waitS } = conditionsOf(asked, way)
      const run = {
        conditions: { intervalMs, waitS },
        ratePerSecond: Math.min(MOST_PER_SECOND, Math.max(LEAST_PER_SECOND, asked.rate)),
        text: textOf(asked.bytes),
        seconds: decision.seconds,
        idleShare: asked.idle / 100,
      }
      result = resultOf(asked, await attempt(run), bench.way ?? way, run)
      is = 'ready'
    } catch (error) {
      fail(error)
      is = 'ready'
    } finally {
      if (change && before) await bench.setNetwork(restored(change, before)).catch(fail)
      tell()
    }
  }

  async function attempt(run: Run): Promise<Ran> {
    const stopping = new AbortController()
    running = stopping
    share = 0
    return bench
      .run(run, stopping.signal, (so) => {
        share = Math.min(1, so)
        tell()
      })
      .finally(() => (running = null))
  }

  function fail(error: unknown): void {
    trouble = error instanceof Error ? error.message : String(error)
    is = learnt ? 'ready' : 'failed'
  }

  /** What the model says of each lane at the rate at which messages really came over it: chance does not keep to a mean. */
  function resultOf(asked: Workload, { lanes, busyMs }: Ran, way: Way, run: Run): Result {
    const predicted = TRANSPORTS.map((name) => {
      const lane = lanes[name]
      const activeS = lane ? lane.seconds * (1 - run.idleShare) : 0
      const rate = lane && activeS > 0 ? lane.messages / activeS : run.ratePerSecond
      const conditions = { ...conditionsOf(asked, way), ...run.conditions, ratePerSecond: rate }
      return [name, predict(name, { ...asked, rate }, sizesFor(name, asked.bytes), way, conditions)] as const
    })
    return { measured: lanes, predicted: Object.fromEntries(predicted) as ByTransport<Predicted>, busyMs, of: asked }
  }

  function predictedOf(of: Workload, way: Way): ByTransport<Predicted> | null {
    if (!learnt) return null
    const all = TRANSPORTS.map((name) => [name, predict(name, of, sizesFor(name, of.bytes), way)] as const)
    return Object.fromEntries(all) as ByTransport<Predicted>
  }

  /** As learnt, with another text in it. */
  function sizesFor(name: keyof ByTransport<Sizes>, bytes: number): Sizes {
    if (!learnt) throw new Error('The sizes are not known.')
    const sizes = learnt.sizes[name]
    return { ...sizes, payload: sizes.payload + bytes - learnt.bytes }
  }

  /** The way that is asked for: this machine's own, with the latency put on top. */
  function wayOf({ latency }: Workload): Way | null {
    const { way, network } = bench
    if (!way || !network) return null
    return { ...way, roundTripMs: way.roundTripMs - 2 * network.latencyMs - network.jitterMs + 2 * latency }
  }

  function changeFor({ latency, path }: Workload): Partial<Network> | null {
    if (!bench.isInstructor || !bench.network) return null
    const wanted: Partial<Network> = {
      latencyMs: latency,
      jitterMs: 0,
      firewall: path === 'firewall',
      bufferingBytes: path === 'buffers' ? BUFFER_BYTES : 0,
      bufferingObeysHeader: false,
    }
    const { network } = bench
    const differs = Object.entries(wanted).filter(([name, value]) => Reflect.get(network, name) !== value)
    return differs.length === 0 ? null : Object.fromEntries(differs)
  }

  function unsetOf({ latency, path, rate }: Workload): readonly string[] {
    const sentences: string[] = []
    if (bench.isInstructor === false && (latency !== bench.network?.latencyMs || path !== 'clear'))
      sentences.push(
        'The network is the instructor’s to bend, and this page is not the instructor’s: it is measured as it is, and compared with what the model says of that.',
      )
    if (bench.isInstructor && (latency > 0 || path !== 'clear'))
      sentences.push(
        'While it is measured, the network of this whole server is bent, for everybody; then it is put back.',
      )
    if (rate > MOST_PER_SECOND)
      sentences.push(`It is measured with ${MOST_PER_SECOND} messages a second: one page may not publish more.`)
    if (rate < LEAST_PER_SECOND)
      sentences.push(
        `It is measured with ${LEAST_PER_SECOND} messages a second: fewer would take too long to tell anything.`,
      )
    return sentences
  }
}

/** Of nginx as it is delivered: one page of memory. */
const BUFFER_BYTES = 4096

const textOf = (bytes: number): string => 'x'.repeat(bytes)

function restored(change: Partial<Network>, before: Network): Partial<Network> {
  return Object.fromEntries(Object.keys(change).map((name) => [name, Reflect.get(before, name)]))
}
