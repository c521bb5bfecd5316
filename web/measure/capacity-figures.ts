/** The figures of one run of `npm run bench:redis`, on which the capacity page rests. */

export interface CapacityFigures {
  readonly machine: string
  readonly date: string
  readonly node: string
  readonly redis: string
  readonly rounds: number
  /** Share of the cores that other programs used, 0 to 1. */
  readonly othersShare: number
  /** Traffic of the runs that measured one delivery. */
  readonly clients: number
  readonly messagesPerSecond: number
  /** Sizes of a message's text, in bytes, smallest first. The lists below have one value for each size. */
  readonly sizes: readonly number[]
  readonly deliveries: readonly DeliveryFigures[]
  /**
   * Publishes of the smallest size in a closed loop, 64 at once, for each number of processes, smallest number first.
   */
  readonly loops: readonly LoopFigures[]
  /** Publishes to one process, 8 at once: of the smallest size, and of the largest size. */
  readonly shortLoop: LoopFigures
  readonly longLoop: LoopFigures
  /** Memory of Redis for an event that was published with an idempotency key, as the pages do. */
  readonly eventBytes: readonly number[]
  /** Memory of Redis for a room with one event. */
  readonly roomBytes: number
  readonly emptyBytes: number
}

export type MeasuredTransport = 'ws' | 'sse' | 'stream' | 'long-poll'

export interface DeliveryFigures {
  readonly transport: MeasuredTransport
  /** True if each delivery is the response to a poll, for which the process reads from Redis. */
  readonly isPoll: boolean
  /** Processor time of the process for one delivery, in µs, with its share of the publish. */
  readonly processUs: readonly number[]
  /** Processor time of Redis for one delivery, in µs. It matters for polls only. */
  readonly redisUs: readonly number[]
  /** Bytes to the client for one delivery. */
  readonly bytes: readonly number[]
}

export interface LoopFigures {
  readonly processes: number
  readonly publishesPerSecond: number
  /** Processor time of all processes for one publish, in µs. */
  readonly processUs: number
  readonly redisUs: number
}

export const CAPACITY_FIGURES: CapacityFigures = {
  machine: 'two cores of a shared AMD EPYC under Linux',
  date: '2026-11-30',
  node: '26.10',
  redis: '7.0.15',
  rounds: 3,
  othersShare: 0.73,
  clients: 400,
  messagesPerSecond: 20,
  sizes: [100, 1000, 4000],
  deliveries: [
    {
      transport: 'ws',
      isPoll: false,
      processUs: [19.7, 19.1, 18.8],
      redisUs: [1.3, 1.3, 1.3],
      bytes: [215, 1117, 4116],
    },
    {
      transport: 'sse',
      isPoll: false,
      processUs: [18.5, 17.5, 18.8],
      redisUs: [1.3, 1.3, 1.3],
      bytes: [239, 1141, 4154],
    },
    {
      transport: 'stream',
      isPoll: false,
      processUs: [18.8, 19.7, 19.1],
      redisUs: [1.6, 1.6, 1.3],
      bytes: [218, 1120, 4147],
    },
    {
      transport: 'long-poll',
      isPoll: true,
      processUs: [55.8, 54.6, 59.4],
      redisUs: [27.7, 29.2, 26.9],
      bytes: [385, 1221, 3790],
    },
  ],
  loops: [
    { processes: 1, publishesPerSecond: 5063, processUs: 107, redisUs: 25 },
    { processes: 2, publishesPerSecond: 3588, processUs: 152, redisUs: 28 },
    { processes: 4, publishesPerSecond: 2861, processUs: 261, redisUs: 50 },
  ],
  shortLoop: { processes: 1, publishesPerSecond: 2130, processUs: 178, redisUs: 52 },
  longLoop: { processes: 1, publishesPerSecond: 2557, processUs: 193, redisUs: 71 },
  eventBytes: [343, 1317, 5261],
  roomBytes: 4656,
  emptyBytes: 1_669_392,
}
