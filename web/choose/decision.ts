/** State of the decision page: a workload, the workload's prediction, and its measurement. This file draws nothing. */
import type { MeasuredWorkload } from '../../server/protocol/comparison.ts'
import type { Conditions } from '../../server/protocol/lab.ts'
import type { LaneMeasurement } from '../measure/agreement.ts'
import { adviceFor } from '../measure/advice.ts'
import type { Advice } from '../measure/advice.ts'
import { overHttp2, postOverHttp2 } from '../measure/http2.ts'
import { changesOf } from '../measure/changes.ts'
import type { WritingSizes } from '../measure/writing.ts'
import { conditionsOf, predict } from '../measure/choosing.ts'
import type { ByTransport, PathTimes, Predicted } from '../measure/choosing.ts'
import type { ModelInputs, LaneSizes } from '../measure/model.ts'
import { planOf } from '../measure/plan.ts'
import type { MeasurementPlan } from '../measure/plan.ts'
import { isBuffered, isWithoutSockets, readWorkload, writeWorkload } from '../measure/workload.ts'
import type { Workload } from '../measure/workload.ts'
import { workloadTrouble } from './workload-trouble.ts'
import { openBench } from './bench.ts'
import type { Ran, Run } from './bench.ts'
import type { PublishingCost } from './publisher.ts'
import { TRANSPORTS } from '../lane/order.ts'
import { transports } from '../transports/index.ts'

export interface Decision {
  readonly workload: Workload
  readonly is: 'learning' | 'ready' | 'measuring' | 'failed'
  /** Progress of the current run, from 0 to 1. */
  readonly share: number
  /** A sentence that describes the last failure; null if nothing failed. */
  readonly trouble: string | null
  /** Predictions, one for each transport; null while the sizes of messages are unknown. */
  readonly predicted: ByTransport<Predicted> | null
  /** Predictions for the same workload over HTTP/1.1, if the workload has another version; otherwise null. */
  readonly overHttp1: ByTransport<Predicted> | null
  readonly conditions: ModelInputs | null
  readonly result: MeasuredRun | null
  /** True if this page may change the network; null before the lab has reported whether it may. */
  readonly isInstructor: boolean | null
  /** Sentences, one for each part of the network that the measurement changes or cannot change. */
  readonly unset: readonly string[]
  /** Plan of the measurement; null while the times of the network are unknown. */
  readonly plan: MeasurementPlan | null
  /** Sentence about the values in the address that the page cannot use; null if there are none, or after a change. */
  readonly addressTrouble: string | null
  /** How many times as long as the plan the measurement lasts. */
  times: number
  set(change: Partial<Workload>): void
  /** Advice for the workload; null while the sizes of messages are unknown. */
  readonly advice: Advice | null
  /** Conditions under which the advice changes, as sentences. */
  readonly changes: readonly string[]
  /** Sizes of a message that a client writes; null while they are unknown. */
  readonly writing: WritingSizes | null
  /**
   * Returns the advice for a workload that was measured over loopback; null while the sizes of messages are unknown. The
   * greatest age and the memory are those of the form.
   */
  adviceForMeasured(measured: MeasuredWorkload): Advice | null
  measure(): void
  cancel(): void
  /** Measures the sizes of messages again after a failure. */
  retry(): void
}

/** What the page learns from a few messages before it predicts anything. */
interface Learnt {
  readonly sizes: ByTransport<LaneSizes>
  readonly writing: WritingSizes
  /** Bytes of the text that the messages had. */
  readonly bytes: number
}

/** A measurement, and the model's prediction for the same run. */
export interface MeasuredRun {
  readonly measured: ByTransport<LaneMeasurement | null>
  readonly predicted: ByTransport<Predicted>
  readonly busyMs: number
  /** The workload that the bench measured. */
  readonly of: Workload
  readonly plan: MeasurementPlan
  readonly publishing: PublishingCost
}

const LEARN: Omit<Run, 'text'> = {
  conditions: { intervalMs: 200, waitS: 25 },
  ratePerSecond: 5,
  seconds: 3,
  idleShare: 0,
  isByBoth: true,
}

/**
 * Opens the decision. The decision calls `changed` with the query string of its current state when the page must draw
 * again.
 */
export function openDecision(origin: string, search: string, changed: (search: string) => void): Decision {
  let workload = readWorkload(search)
  let addressTrouble = workloadTrouble(search)
  let is: Decision['is'] = 'learning'
  let share = 0
  let trouble: string | null = null
  let learnt: Learnt | null = null
  let result: MeasuredRun | null = null
  let running: AbortController | null = null
  let kept: Known = UNKNOWN
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
    get overHttp1() {
      if (workload.http === '1.1') return null
      const way = wayOf(workload)
      return way && predictedOf({ ...workload, http: '1.1' }, way)
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
    get plan() {
      const way = wayOf(workload)
      return way && planFor(workload, way)
    },
    get addressTrouble() {
      return addressTrouble
    },
    times: 1,
    set(change) {
      addressTrouble = null
      workload = { ...workload, ...change }
      result = null
      tell()
    },
    get advice() {
      return advised().advice
    },
    get changes() {
      return advised().changes
    },
    get writing() {
      return learnt && writingFor(workload)
    },
    adviceForMeasured({ clients, rate, size, interval, wait, rtt }) {
      const of: Workload = {
        ...workload,
        clients,
        rate,
        bytes: size,
        latency: rtt / 2,
        idle: 0,
        path: 'clear',
        speaks: false,
        readers: 'pages',
        http: '1.1',
      }
      const way = wayOf(of)
      const all = way && predictedOf(of, way, { ...conditionsOf(of, way), intervalMs: interval * 1000, waitS: wait })
      return all && adviceFor(all, of, transports)
    },
    measure: () => void measure(),
    cancel: () => running?.abort(new Error('The measurement was cancelled, and its result was not kept.')),
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
      const { sizes, publishing } = await attempt(run)
      // If a firewall refuses WebSockets, the page cannot measure the sizes of a WebSocket's messages. An event
      // stream's sizes are similar.
      const other = TRANSPORTS.find((name) => transports[name].kind === 'stream')
      const known = TRANSPORTS.map((name) => [name, sizes[name] ?? (other ? sizes[other] : null)] as const)
      if (known.some(([, one]) => one === null))
        throw new Error(
          bench.way === null
            ? 'The lab counts the sizes, but its WebSocket is not open. The network between this page and the server probably refuses WebSockets.'
            : 'No message came over all lanes within three seconds. The network is too slow, or the computer is too busy.',
        )
      const { post, socket } = publishing
      learnt = {
        sizes: Object.fromEntries(known) as ByTransport<LaneSizes>,
        writing: { post: post.bytes ?? 0, socket: socket.bytes },
        bytes,
      }
      kept = UNKNOWN
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
    // A person can cancel while the network changes, before anything is measured.
    const stopping = (running = new AbortController())
    is = 'measuring'
    trouble = null
    result = null
    tell()
    try {
      if (change) await bench.setNetwork(change)
      stopping.signal.throwIfAborted()
      const { way } = bench
      if (!way) throw new Error('There is no clock: the lab’s WebSocket did not open. Reload the page.')
      const plan = planFor(asked, way)
      const { intervalMs, ratePerSecond, idleShare } = plan
      const run = {
        conditions: { intervalMs, waitS: conditionsOf(asked, way).waitS },
        ratePerSecond,
        text: textOf(asked.bytes),
        seconds: plan.seconds * decision.times,
        idleShare,
        isByBoth: asked.speaks,
      }
      result = resultOf(asked, await attempt(run, stopping), bench.way ?? way, run, plan)
      is = 'ready'
    } catch (error) {
      fail(error)
      is = 'ready'
    } finally {
      if (change && before) await bench.setNetwork(restored(change, before)).catch(fail)
      tell()
    }
  }

  async function attempt(run: Run, stopping = new AbortController()): Promise<Ran> {
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

  /**
   * Adds a prediction for the rate that each lane really had. Messages come at random moments, so the real rate differs
   * from the rate that was asked for.
   */
  function resultOf(
    asked: Workload,
    { lanes, busyMs, publishing }: Ran,
    way: PathTimes,
    run: Run,
    plan: MeasurementPlan,
  ): MeasuredRun {
    const idle = run.idleShare * 100
    const writing = writingFor({ ...asked, http: '1.1' })
    const predicted = TRANSPORTS.map((name) => {
      const lane = lanes[name]
      const activeS = lane ? lane.seconds * (1 - run.idleShare) : 0
      const rate = lane && activeS > 0 ? lane.messages / activeS : run.ratePerSecond
      const conditions = { ...conditionsOf(asked, way), ...run.conditions, ratePerSecond: rate }
      return [
        name,
        predict(transports[name], { ...asked, rate, idle }, sizesFor(name, asked.bytes), way, writing, conditions),
      ] as const
    })
    return {
      measured: lanes,
      predicted: Object.fromEntries(predicted) as ByTransport<Predicted>,
      busyMs,
      of: asked,
      plan,
      publishing,
    }
  }

  function planFor(of: Workload, way: PathTimes): MeasurementPlan {
    const models = TRANSPORTS.map((name) => transports[name].model)
    return planOf(of, conditionsOf(of, way), models)
  }

  function predictedOf(of: Workload, way: PathTimes, inputs?: ModelInputs): ByTransport<Predicted> | null {
    if (!learnt) return null
    const writing = writingFor(of)
    const all = TRANSPORTS.map(
      (name) => [name, predict(transports[name], of, sizesOver(name, of), way, writing, inputs)] as const,
    )
    return Object.fromEntries(all) as ByTransport<Predicted>
  }

  /** Returns a transport's measured sizes, adapted to a text of this many bytes. */
  function sizesFor(name: keyof ByTransport<LaneSizes>, bytes: number): LaneSizes {
    if (!learnt) throw new Error('The sizes are not known yet.')
    const sizes = learnt.sizes[name]
    return { ...sizes, payload: sizes.payload + bytes - learnt.bytes }
  }

  function sizesOver(name: keyof ByTransport<LaneSizes>, { bytes, http }: Workload): LaneSizes {
    const sizes = sizesFor(name, bytes)
    return http === '1.1' ? sizes : overHttp2(sizes, transports[name].kind)
  }

  /** Returns the measured sizes of a written message, adapted to the workload's text and version of HTTP. */
  function writingFor({ bytes, http }: Workload): WritingSizes {
    if (!learnt) return NO_WRITING
    const more = bytes - learnt.bytes
    const [anyName] = TRANSPORTS
    const json = anyName ? sizesFor(anyName, bytes).payload : 0
    return {
      // The response to a POST repeats the text.
      post: http === '1.1' ? learnt.writing.post + 2 * more : postOverHttp2(bytes, json),
      socket: learnt.writing.socket + more,
    }
  }

  /**
   * Returns the advice and its conditions. The page draws twenty times a second while it measures, and the search for
   * the conditions would make it late, so the result is kept until the workload or the round trip changes.
   */
  function advised(): Known {
    const way = wayOf(workload)
    if (!way || !learnt) return UNKNOWN
    const of = JSON.stringify([workload, Math.round(way.roundTripMs)])
    if (kept.of === of) return kept
    const adviceOf = (one: Workload): Advice | null => {
      const wayThere = wayOf(one)
      const all = wayThere && predictedOf(one, wayThere)
      return all && adviceFor(all, one, transports)
    }
    kept = { of, advice: adviceOf(workload), changes: changesOf(workload, adviceOf) }
    return kept
  }

  /**
   * Returns the times of the requested network path: the measured path, with the workload's latency instead of the
   * network's current latency.
   */
  function wayOf({ latency }: Workload): PathTimes | null {
    const { way, network } = bench
    if (!way || !network) return null
    return { ...way, roundTripMs: way.roundTripMs - 2 * network.latencyMs - network.jitterMs + 2 * latency }
  }

  function changeFor({ latency, path }: Workload): Partial<Conditions> | null {
    if (!bench.isInstructor || !bench.network) return null
    const wanted: Partial<Conditions> = {
      latencyMs: latency,
      jitterMs: 0,
      firewall: isWithoutSockets(path),
      bufferingBytes: isBuffered(path) ? BUFFER_BYTES : 0,
      bufferingObeysHeader: false,
    }
    const { network } = bench
    const differs = Object.entries(wanted).filter(([name, value]) => Reflect.get(network, name) !== value)
    return differs.length === 0 ? null : Object.fromEntries(differs)
  }

  function unsetOf({ latency, path }: Workload): readonly string[] {
    const sentences: string[] = []
    if (bench.isInstructor === false && (latency !== bench.network?.latencyMs || path !== 'clear'))
      sentences.push(
        'Only the instructor can change the network, and you are not the instructor. The network is measured without a change, and the model’s prediction is computed for the same network.',
      )
    if (bench.isInstructor && (latency > 0 || path !== 'clear'))
      sentences.push(
        'During the measurement, the network of this server is changed for everybody. Afterwards it is restored.',
      )
    return sentences
  }
}

interface Known {
  /** The workload and the round trip to which the advice belongs. */
  readonly of: string
  readonly advice: Advice | null
  readonly changes: readonly string[]
}

const UNKNOWN: Known = { of: '', advice: null, changes: [] }

const NO_WRITING: WritingSizes = { post: 0, socket: 0 }

/** Size of nginx's buffer if nobody changes it: one page of memory. */
const BUFFER_BYTES = 4096

const textOf = (bytes: number): string => 'x'.repeat(bytes)

function restored(change: Partial<Conditions>, before: Conditions): Partial<Conditions> {
  return Object.fromEntries(Object.keys(change).map((name) => [name, Reflect.get(before, name)]))
}
