/**
 * Runs a workload over separate lanes in a separate room, and measures these lanes with the page's transports, clock
 * and meter. The bench itself publishes the messages: at random moments, over a separate connection.
 */
import type { Cursor, TransportName } from '../../server/protocol/feed.ts'
import type { Conditions } from '../../server/protocol/lab.ts'
import type { LaneMeasurement } from '../measure/agreement.ts'
import { createClock } from '../measure/clock.ts'
import type { ModelInputs, LaneSizes } from '../measure/model.ts'
import type { ByTransport, PathTimes } from '../measure/choosing.ts'
import { now } from '../now.ts'
import { transports } from '../transports/index.ts'
import { sizesOf } from '../lab/cost.ts'
import { openLab } from '../lab/lab.ts'
import { createLane } from '../lane/lane.ts'
import type { Lane } from '../lane/lane.ts'
import { createMessages } from '../lane/messages.ts'
import { TRANSPORTS } from '../lane/order.ts'
import { watchPace } from '../lane/pace.ts'
import { clockResolutionMs } from '../lab/resolution.ts'
import { newKey } from '../lane/send.ts'
import { startPublisher } from './publisher.ts'
import type { PublishingCost } from './publisher.ts'

export interface Run {
  readonly conditions: Pick<ModelInputs, 'intervalMs' | 'waitS'>
  readonly ratePerSecond: number
  readonly text: string
  readonly seconds: number
  /** Share of the run, at its end, in which the bench publishes no message. */
  readonly idleShare: number
  /** True if every second message is published by POST, to measure what that costs. */
  readonly isByBoth: boolean
}

export interface Ran {
  /**
   * Measurements, one for each transport; null for a transport whose lane never opened because the network refuses it.
   */
  readonly lanes: ByTransport<LaneMeasurement | null>
  readonly sizes: ByTransport<LaneSizes | null>
  readonly publishing: PublishingCost
  /** Longest delay of this page's timers during the run. */
  readonly busyMs: number
}

export interface Bench {
  /** True if this page has the instructor's rights; null before the lab has reported whether it has. */
  readonly isInstructor: boolean | null
  readonly network: Conditions | null
  /** Times of the network path now; null before the page knows the server's clock. */
  readonly way: PathTimes | null
  /**
   * Changes the network of the whole server. Only the instructor may change the network. The promise resolves when the
   * change is in force.
   */
  setNetwork(change: Partial<Conditions>): Promise<void>
  /**
   * Runs a workload. If the workload cannot be run, the promise rejects with a sentence. If `signal` stops the run, the
   * promise rejects with the signal's reason. The bench calls `told` with the progress, from 0 to 1.
   */
  run(run: Run, signal: AbortSignal, told: (share: number) => void): Promise<Ran>
  stop(): void
}

/** Name of the room whose lab connection measures the clock. The bench measures no lane in this room. */
const LAB_ROOM = 'choose'
const OPEN_MS = 8000
/** Time before the measurement, in which the connections open and the code becomes fast. */
const WARM_MS = 1500
const LOOK_MS = 50

/** Opens the bench. The bench calls `changed` after each message of the lab. */
export function openBench(origin: string, changed: () => void): Bench {
  const page = newKey(4)
  const clock = createClock(clockResolutionMs())
  const network = { now: null as Conditions | null }
  let isInstructor: boolean | null = null
  let serviceMs = 0
  let runs = 0
  let refused: string | null = null
  let readings = 0
  let byName: ReadonlyMap<string, Lane> = new Map()
  const postLane = `${page}.post`
  /** Bytes of all messages that this page has published by POST; null before a reading of the meter. */
  let postedBytes: number | null = null

  const lab = openLab(origin, LAB_ROOM, page, {
    welcome({ instructor, settings }) {
      isInstructor = instructor
      network.now = settings.conditions
      changed()
    },
    clock(sample, service) {
      const wasKnown = clock.roundTripMs !== null
      clock.add(sample)
      if (!wasKnown) changed()
      serviceMs = service ?? serviceMs
    },
    settings({ conditions }) {
      network.now = conditions
      changed()
    },
    instructor() {
      isInstructor = true
      changed()
    },
    lanes(life, all) {
      readings += 1
      for (const reading of all) {
        const lane = byName.get(reading.lane)
        lane?.usage.take(life, reading, lane.ledger.counts.received)
        if (reading.lane === postLane) postedBytes = reading.bytesUp + reading.bytesDown
      }
    },
    trouble: (sentence) => (refused = sentence),
    here() {},
    cut() {},
    dropped() {},
    lost() {
      clock.clear()
      changed()
    },
    wire() {},
    show() {},
    presence() {},
  })

  const pace = watchPace({
    late() {
      for (const lane of byName.values()) lane.keepOut(now())
    },
    movedApart() {
      clock.clear()
      lab.check(() => {})
    },
  })

  return {
    get isInstructor() {
      return isInstructor
    },
    get network() {
      return network.now
    },
    get way() {
      const { roundTripMs } = clock
      if (roundTripMs === null || network.now === null) return null
      return { roundTripMs: roundTripMs + 2 * network.now.latencyMs + network.now.jitterMs, serviceMs }
    },
    async setNetwork(change) {
      refused = null
      lab.set({ conditions: change })
      const holds = () =>
        Object.entries(change).every(([name, value]) => Reflect.get(network.now ?? {}, name) === value)
      await until(() => holds() || refused !== null, OPEN_MS)
      if (!holds()) throw new Error(refused ?? 'The network could not be set: the lab does not answer.')
    },
    run,
    stop() {
      pace.stop()
      lab.stop()
    },
  }

  async function run(asked: Run, signal: AbortSignal, told: (share: number) => void): Promise<Ran> {
    const room = `choose-${page}-${runs++}`
    const after = await endOf(origin, room)
    const lanes = startLanes(room, after, asked)
    byName = new Map(lanes.map((lane) => [nameOf(room, lane.transport), lane]))
    const publisher = startPublisher({ origin, room, lane: `${page}.publisher`, after }, postLane)
    const late = watchLateness()
    try {
      for (const lane of lanes) lane.switchOn(after)
      await until(() => lanes.every(isOpen), OPEN_MS, signal)
      if (!lanes.some(isOpen))
        throw new Error('The server does not answer over any of the transports. Is it still running?')
      const warm = publisher.begin(asked)
      await until(() => false, WARM_MS, signal)
      warm()
      await reading(signal)
      for (const lane of lanes) lane.clear()
      publisher.clear(postedBytes)
      late.clear()
      const began = now()
      const publishing = publisher.begin(asked)
      const busyMs = asked.seconds * 1000 * (1 - asked.idleShare)
      await until(() => (told((now() - began) / 1000 / asked.seconds), now() - began > busyMs), Infinity, signal)
      publishing()
      await until(
        () => (told((now() - began) / 1000 / asked.seconds), now() - began > asked.seconds * 1000),
        Infinity,
        signal,
      )
      await reading(signal)
      const trouble = publisher.trouble()
      if (trouble) throw new Error(trouble)
      const seconds = (now() - began) / 1000
      const byLane = <T>(of: (lane: Lane) => T) =>
        Object.fromEntries(lanes.map((lane) => [lane.transport, of(lane)])) as ByTransport<T>
      return {
        lanes: byLane((lane) => measuredOf(lane, seconds)),
        sizes: byLane((lane) => lane.usage.total && sizesOf(lane, lane.usage.total)),
        publishing: publisher.measured(asked.text, postedBytes),
        busyMs: late.worstMs(),
      }
    } finally {
      for (const lane of lanes) lane.switchOff()
      publisher.stop()
      late.stop()
    }
  }

  function nameOf(room: string, transport: TransportName): string {
    return `${page}.${room.slice(-2)}.${transport}`
  }

  function startLanes(room: string, after: Cursor, { conditions }: Run): readonly Lane[] {
    const messages = createMessages()
    messages.startAt(after)
    return TRANSPORTS.map((transport) =>
      createLane({ name: transport, transport }, transports[transport], {
        messages,
        target: () => ({ origin, room, lane: nameOf(room, transport), ...conditions }),
        look: () => pace.look(),
        offsetMs: () => clock.at(now())?.offsetMs ?? null,
        changed() {},
        heard() {},
        gap() {},
        activity() {},
      }),
    )
  }

  /**
   * Waits for two more readings of the meter. Only the second reading certainly contains every byte that crossed before
   * this call.
   */
  function reading(signal: AbortSignal): Promise<void> {
    const seen = readings
    return until(() => readings >= seen + 2, OPEN_MS, signal)
  }
}

const isOpen = ({ state }: Lane): boolean => state.is === 'open' || state.is === 'asking' || state.is === 'pausing'

function measuredOf(lane: Lane, seconds: number): LaneMeasurement | null {
  const { recent } = lane.usage
  if (!recent || !isOpen(lane)) return null
  const { latencies, tally } = lane
  const median = latencies.quantile(0.5)
  const bytes = recent.bytesUp + recent.bytesDown
  return {
    bytesPerSecond: bytes / seconds,
    requestsPerSecond: tally.requests / seconds,
    p50Ms: median?.ms ?? null,
    lowMs: median?.lowMs ?? null,
    highMs: median?.highMs ?? null,
    p95Ms: latencies.enough(0.95) ? (latencies.quantile(0.95)?.ms ?? null) : null,
    messages: recent.messages,
    answers: latencies.answers,
    bytes,
    seconds,
  }
}

async function endOf(origin: string, room: string): Promise<Cursor> {
  const answer = await fetch(`${origin}/feed/${room}/poll`).catch(() => {
    throw new Error('The server cannot be reached. Start it again: npm start.')
  })
  if (!answer.ok) throw new Error(`The server did not create a room for the measurement: ${await answer.text()}`)
  const { cursor }: { cursor: Cursor } = await answer.json()
  return cursor
}

/** Measures how late this page runs a timer. A page that runs a timer late also handles messages late. */
function watchLateness() {
  let worst = 0
  let dueMs = now() + LOOK_MS
  const timer = setInterval(() => {
    worst = Math.max(worst, now() - dueMs)
    dueMs = now() + LOOK_MS
  }, LOOK_MS)
  return { worstMs: () => worst, clear: () => void (worst = 0), stop: () => clearInterval(timer) }
}

/** Resolves when `holds` returns true, or after `withinMs`. Rejects with the signal's reason if `signal` aborts. */
function until(holds: () => boolean, withinMs: number, signal?: AbortSignal): Promise<void> {
  const endMs = now() + withinMs
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (signal?.aborted) reject(signal.reason)
      else if (holds() || now() > endMs) resolve()
      else setTimeout(look, LOOK_MS)
    }
    look()
  })
}
