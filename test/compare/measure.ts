/** Measures one transport once: connects the clients, publishes by the schedule, and collects the deliveries. */
import { setTimeout as after } from 'node:timers/promises'
import { markOf } from './adapter.ts'
import type { Adapter, ComparedServer, NetworkUsage } from './adapter.ts'
import { longestDelayMs } from './conditions.ts'
import type { Crew } from './crew.ts'
import { join } from './joined.ts'
import type { Joined } from './joined.ts'
import { cpuMsOf, residentKiBOf, watchOthers } from './machine.ts'
import { now, untilMs } from './now.ts'
import type { Options } from './options.ts'
import { publishAll } from './publishing.ts'
import type { Published } from './publishing.ts'
import { seededRandom } from './random.ts'
import type { NetworkRelay } from './relay.ts'
import type { RelayFigures } from './relay-process.ts'
import { allReturned, playScenario } from './scenarios/play.ts'
import { deliveriesTo } from './scenarios/slow.ts'
import { scenarioFigures } from './scenarios/figures.ts'
import type { ScenarioFigures } from './scenarios/figures.ts'
import { scenarioSchedule } from './schedules.ts'
import { openSender } from './sender.ts'
import type { Worked } from './worker.ts'

export interface TransportRun extends Joined {
  readonly transport: string
  /** Use of the network by all clients, without the publisher; null if it is unknown. */
  readonly usage: NetworkUsage | null
  /** Clients that lost their connection. */
  readonly dropped: number
  readonly loopDelayMs: number
  /** Processor time of the server in the measured time; null if it is unknown. */
  readonly cpuMs: number | null
  /** Memory of the server for each client, in KiB; null if it is unknown. */
  readonly memoryKiB: number | null
  /** Share of the processors that other programs used; null if it is unknown. */
  readonly othersShare: number | null
  /** Null without a relay. */
  readonly relay: RelayFigures | null
  /** Null if the scenario has no figures of its own. */
  readonly scenario: ScenarioFigures | null
  /** Number of deliveries that caused the costs: to all clients, also to the slow ones. */
  readonly costed: number
}

/** Time between the last connection and the start of the schedule. */
const START_MS = 100
/**
 * If nothing arrives for this time, the pause of a short poll and the longest delay of the network, what is missing is
 * lost.
 */
const ARRIVAL_MS = 2000
const LOOK_MS = 50
/** With fewer clients, other changes of the memory are larger than the clients' part. */
const CLIENTS_FOR_MEMORY = 100

export interface Measuring {
  readonly adapter: Adapter
  readonly options: Options
  readonly crew: Crew
  readonly relay: NetworkRelay | null
  readonly target: ComparedServer
  /** Address to which the clients connect: the server's or the relay's. */
  readonly through: URL
  readonly pid: number | undefined
  /** Repetitions have different schedules, and all transports of a repetition have the same. */
  readonly seed: number
}

export async function measure(measuring: Measuring): Promise<TransportRun> {
  const { adapter, options, crew, relay, target, through, pid, seed } = measuring
  const { clients, warmup, seconds, ramp } = options
  const memoryBefore = pid === undefined ? null : residentKiBOf(pid)
  await crew.open(options.adapter, { ...target, url: through }, clients, ramp * 1000)
  const memoryAfter = pid === undefined ? null : residentKiBOf(pid)
  const sender = await openSender(adapter, target)
  const startMs = now() + START_MS
  const fromMs = startMs + warmup * 1000
  const idOf = (message: number): string => markOf(target.run, message)
  const schedule = scenarioSchedule(options, seededRandom(seed))
  const { messages, settled } = publishAll(schedule, startMs, idOf, (message) =>
    sender.send(options.payload(idOf(message))),
  )

  await untilMs(fromMs)
  await crew.begin()
  await relay?.begin()
  const others =
    pid === undefined
      ? null
      : watchOthers([pid, process.pid, ...crew.pids, ...(relay?.pid === undefined ? [] : [relay.pid])])
  const cpuBefore = pid === undefined ? null : cpuMsOf(pid)
  const [{ grownKiB }] = await Promise.all([playScenario(measuring, fromMs), untilMs(fromMs + seconds * 1000)])
  const othersShare = others?.() ?? null
  const cpuAfter = pid === undefined ? null : cpuMsOf(pid)
  const relayed = (await relay?.end()) ?? null
  await crew.end()
  await Promise.race([settled, after(ARRIVAL_MS)])
  const ids = messages.flatMap(({ id, refusal }) => (refusal === null ? [id] : []))
  await crew.expect(ids)
  await allReturned(crew)
  await arrival(crew, ids.length * clients, target.intervalMs + longestDelayMs(options))
  const worked = await crew.finish()
  await crew.close()
  sender.close()

  return runOf(measuring, messages, worked, {
    fromMs,
    grownKiB,
    othersShare,
    relay: relayed,
    cpuMs: cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore,
    memoryKiB:
      memoryBefore === null || memoryAfter === null || clients < CLIENTS_FOR_MEMORY
        ? null
        : (memoryAfter - memoryBefore) / clients,
  })
}

interface Observed extends Pick<TransportRun, 'othersShare' | 'relay' | 'cpuMs' | 'memoryKiB'> {
  readonly fromMs: number
  readonly grownKiB: number | null
}

function runOf(
  { adapter, options, target }: Measuring,
  messages: readonly Published[],
  worked: readonly Worked[],
  { fromMs, grownKiB, ...observed }: Observed,
): TransportRun {
  const { clients, scenario, slow } = options
  const samples = worked.map(({ samples }) => samples)
  const all = { samples, clients }
  const isSlow = scenario === 'slow-readers'
  // The slow clients have figures of their own.
  const counted = isSlow ? deliveriesTo(false, { ...all, slow }) : all
  const joined = join(messages, counted.samples, counted.clients, fromMs)
  const isConfirmed = adapter.publish !== undefined
  const usages = worked.map(({ usage }) => usage)
  return {
    ...joined,
    ...observed,
    transport: target.transport,
    usage: usages.every((usage) => usage !== null) ? usages.reduce(sum) : null,
    dropped: worked.reduce((sum, { dropped }) => sum + dropped, 0),
    loopDelayMs: Math.max(...worked.map(({ loopDelayMs }) => loopDelayMs)),
    scenario: scenarioFigures({ options, messages, samples, outcomes: worked, fromMs, isConfirmed, grownKiB }),
    costed: isSlow ? join(messages, samples, clients, fromMs).delaysMs.length : joined.delaysMs.length,
  }
}

/** Resolves when all deliveries are there, or when none has arrived for `pauseMs` and a while. */
async function arrival(crew: Crew, deliveries: number, pauseMs: number): Promise<void> {
  let arrived = await crew.count()
  let lastMs = now()
  while (arrived < deliveries && now() - lastMs < ARRIVAL_MS + pauseMs) {
    await after(LOOK_MS)
    const count = await crew.count()
    if (count > arrived) lastMs = now()
    arrived = count
  }
}

const sum = (one: NetworkUsage, other: NetworkUsage): NetworkUsage => ({
  bytesUp: one.bytesUp + other.bytesUp,
  bytesDown: one.bytesDown + other.bytesDown,
  requests: one.requests + other.requests,
})
