/**
 * Computes from measured figures how many processes a workload needs, what it costs Redis, and what is the first limit
 * when it grows. All costs are proportional to the workload, and the figures come from a busy server: at low rates, a
 * message costs more, but then nothing is full.
 */
import type { CapacityFigures, DeliveryFigures, LoopFigures, MeasuredTransport } from './capacity-figures.ts'

/** The clients and the messages are spread evenly over the rooms, and each client is in one room. */
export interface CapacityPlan {
  readonly clients: number
  /** Messages per second in each room. */
  readonly rate: number
  /** Bytes of a message's text. */
  readonly bytes: number
  readonly rooms: number
  /** Hours of the last 24 in which messages come at this rate. */
  readonly hours: number
  readonly transport: MeasuredTransport
}

export interface Capacity {
  readonly publishesPerSecond: number
  readonly deliveriesPerSecond: number
  readonly bytesPerSecond: number
  /** Number of processes; null if no number of processes is enough. */
  readonly processes: number | null
  /** Share of a core that each process uses, 1 for a whole one. Without enough processes: with `MOST_PROCESSES`. */
  readonly processCore: number
  readonly redisCore: number
  /** Events that each room keeps. */
  readonly eventsPerRoom: number
  readonly redisBytes: number
  /** What stops the growth of the message rate, the nearest limit first. */
  readonly limits: readonly CapacityLimit[]
  readonly costs: CapacityCosts
}

export interface CapacityLimit {
  /** `processes`: more processes help. `receiving`: every process receives each message, so more do not help. */
  readonly what: 'processes' | 'receiving' | 'redis'
  /** The rate can grow to this multiple. Below 1, the limit is exceeded already. */
  readonly growth: number
}

/** Processor time in µs for this size of messages. */
export interface CapacityCosts {
  /** For the process that accepts a publish. */
  readonly publishUs: number
  /** For each process that receives a message from Redis. */
  readonly receiveUs: number
  readonly deliveryUs: number
  readonly redisPublishUs: number
  /** For each process to which Redis sends a message. */
  readonly redisReadUs: number
  /** For each delivery; 0 for transports that keep their connection. */
  readonly redisDeliveryUs: number
  readonly deliveryBytes: number
  readonly eventBytes: number
}

/** Greatest share of a core: an assumption, not a measurement. It leaves room for bursts. */
export const FULL = 0.6

/** Most clients of one process that were measured, by `npm run bench:crowd`. */
export const CLIENTS_PER_PROCESS = 10_000

export const MOST_PROCESSES = 1000

/** The server keeps this number of events of a room, and for this time. */
export const KEPT_EVENTS = 10_000
export const KEPT_HOURS = 24

export function capacityOf(plan: CapacityPlan, figures: CapacityFigures): Capacity {
  const { clients, rate, rooms, hours } = plan
  const costs = costsOf(plan, figures)
  const publishesPerSecond = rate * rooms
  const deliveriesPerSecond = rate * clients
  /** Messages per second that one of the processes receives: those of the rooms in which it has a client. */
  const receivedPerSecond = (processes: number): number => rate * Math.min(rooms, clients / processes)
  const processCore = (processes: number): number =>
    ((publishesPerSecond * costs.publishUs + deliveriesPerSecond * costs.deliveryUs) / processes +
      receivedPerSecond(processes) * costs.receiveUs) /
    1e6
  const redisCore = (processes: number): number =>
    (publishesPerSecond * costs.redisPublishUs +
      processes * receivedPerSecond(processes) * costs.redisReadUs +
      deliveriesPerSecond * costs.redisDeliveryUs) /
    1e6
  const isEnough = (processes: number): boolean =>
    clients / processes <= CLIENTS_PER_PROCESS && processCore(processes) <= FULL

  const processes = isEnough(MOST_PROCESSES) ? fewest(isEnough) : null
  const taken = processes ?? MOST_PROCESSES
  const eventsPerRoom = Math.min(KEPT_EVENTS, Math.ceil(rate * 3600 * Math.min(hours, KEPT_HOURS)))
  const shares: Readonly<Record<CapacityLimit['what'], number>> = {
    processes: processCore(taken),
    receiving: (receivedPerSecond(taken) * costs.receiveUs) / 1e6,
    redis: redisCore(taken),
  }
  return {
    publishesPerSecond,
    deliveriesPerSecond,
    bytesPerSecond: deliveriesPerSecond * costs.deliveryBytes,
    processes,
    processCore: shares.processes,
    redisCore: shares.redis,
    eventsPerRoom,
    redisBytes: figures.emptyBytes + rooms * (figures.roomBytes + eventsPerRoom * costs.eventBytes),
    limits: Object.entries(shares)
      .map(([what, share]) => ({ what: what as CapacityLimit['what'], growth: FULL / share }))
      .toSorted((one, other) => one.growth - other.growth),
    costs,
  }
}

/** Returns the smallest number of processes that is enough. A larger number is enough as well. */
function fewest(isEnough: (processes: number) => boolean): number {
  let [tooFew, enough] = [0, MOST_PROCESSES]
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2)
    if (isEnough(middle)) enough = middle
    else tooFew = middle
  }
  return enough
}

/** Returns the figures of a delivery by this transport. */
export function deliveryOf({ deliveries }: CapacityFigures, name: MeasuredTransport): DeliveryFigures {
  const found = deliveries.find(({ transport }) => transport === name)
  if (!found) throw new Error(`${name} was not measured.`)
  return found
}

function costsOf({ transport, bytes }: CapacityPlan, figures: CapacityFigures): CapacityCosts {
  const { sizes, loops, shortLoop, longLoop, eventBytes } = figures
  const { processUs, redisUs, bytes: deliveryBytes, isPoll } = deliveryOf(figures, transport)
  const process = splitOf(loops, ({ processUs }) => processUs)
  const redis = splitOf(loops, ({ redisUs }) => redisUs)
  const ends = [sizes[0] ?? 0, sizes.at(-1) ?? 0]
  /** Adds what a longer text costs. */
  const ofPublish = (shortUs: number, us: (loop: LoopFigures) => number): number =>
    between(ends, [shortUs, shortUs + us(longLoop) - us(shortLoop)], bytes)
  return {
    publishUs: ofPublish(process.firstUs, ({ processUs }) => processUs),
    receiveUs: process.furtherUs,
    deliveryUs: between(sizes, processUs, bytes),
    redisPublishUs: ofPublish(redis.firstUs, ({ redisUs }) => redisUs),
    redisReadUs: redis.furtherUs,
    redisDeliveryUs: isPoll ? between(sizes, redisUs, bytes) : 0,
    deliveryBytes: between(sizes, deliveryBytes, bytes),
    eventBytes: between(sizes, eventBytes, bytes),
  }
}

/**
 * Splits the processor time of a publish into the part that each process adds, and the rest. With one process, the time
 * has both parts.
 */
function splitOf(
  loops: readonly LoopFigures[],
  us: (loop: LoopFigures) => number,
): { readonly firstUs: number; readonly furtherUs: number } {
  const [least, most] = [loops[0], loops.at(-1)]
  if (!least || !most || most.processes === least.processes) throw new Error('There are too few loops.')
  const furtherUs = Math.max(0, (us(most) - us(least)) / (most.processes - least.processes))
  return { firstUs: Math.max(0, us(least) - furtherUs * least.processes), furtherUs }
}

/**
 * Interpolates between the sizes. Below the smallest size, the value is that of the smallest; above the largest, it
 * grows in proportion. Noise may make a larger size cheaper; then the value stays.
 */
function between(sizes: readonly number[], values: readonly number[], bytes: number): number {
  let [fromSize, fromValue] = [sizes[0] ?? 0, values[0] ?? Number.NaN]
  for (const [i, size] of sizes.entries()) {
    const value = Math.max(fromValue, values[i] ?? fromValue)
    if (bytes <= size)
      return size === fromSize
        ? value
        : fromValue + ((value - fromValue) * (Math.max(bytes, fromSize) - fromSize)) / (size - fromSize)
    ;[fromSize, fromValue] = [size, value]
  }
  return (fromValue * bytes) / fromSize
}
