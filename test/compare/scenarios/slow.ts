/** Slow readers: whether the other clients notice them, and what they cost the server. */
import { join } from '../joined.ts'
import type { Published } from '../publishing.ts'
import { samplesOf } from '../samples.ts'
import type { Samples } from '../samples.ts'
import { bytesText } from '../words.ts'
import { middleText, sumText, typicalText } from './columns.ts'
import type { ScenarioColumn } from './columns.ts'
import type { FleetOutcome } from './outcome.ts'
import { SLOW_PART, isSlow } from './scenario.ts'

export interface SlowFigures {
  readonly name: 'slow-readers'
  readonly clients: number
  /** 19 of 20 messages arrived at the other clients within this time before some clients stopped reading. */
  readonly beforeMs: number | null
  /** The same while some clients did not read. */
  readonly duringMs: number | null
  /** The same for the slow clients, over the whole time. */
  readonly slowMs: number | null
  /** Deliveries that the slow clients have missed. */
  readonly missing: number
  /** Slow clients that the server has dropped. */
  readonly dropped: number
  /** Bytes that each slow client had not read at the end of its pause; null if it is unknown. */
  readonly unreadBytes: number | null
  /** Growth of the server's memory during the pause, in KiB; null if it is unknown. */
  readonly grownKiB: number | null
}

export interface SlowInput {
  readonly outcomes: readonly FleetOutcome[]
  readonly messages: readonly Published[]
  readonly samples: readonly Samples[]
  readonly clients: number
  /** Share of the slow clients in percent. */
  readonly slow: number
  readonly fromMs: number
  readonly seconds: number
  readonly grownKiB: number | null
}

/** Deliveries to the clients that read, or to the others, with new numbers for the clients. */
export function deliveriesTo(
  areSlow: boolean,
  { samples, clients, slow }: Pick<SlowInput, 'samples' | 'clients' | 'slow'>,
): { readonly samples: readonly Samples[]; readonly clients: number } {
  const chosen = Array.from({ length: clients }, (_, client) => client).filter(
    (client) => isSlow(client, slow) === areSlow,
  )
  const numbers = new Map(chosen.map((client, number) => [client, number]))
  return {
    samples: samples.map((part) => samplesOf(part, (client) => numbers.get(client) ?? null)),
    clients: chosen.length,
  }
}

export function slowFigures(input: SlowInput): SlowFigures {
  const { outcomes, messages, fromMs, seconds, grownKiB } = input
  const fast = deliveriesTo(false, input)
  const slow = deliveriesTo(true, input)
  const timeOf = (part: number): number => fromMs + part * seconds * 1000
  const p95Of = (from: number, to: number): number | null => {
    const due = messages.filter(({ dueMs }) => dueMs >= timeOf(from) && dueMs < timeOf(to))
    return p95In(join(due, fast.samples, fast.clients, fromMs).delaysMs)
  }
  const slowOnes = join(messages, slow.samples, slow.clients, fromMs)
  const ends = outcomes.flatMap((outcome) => outcome.slow ?? [])
  const unread = ends.flatMap(({ unreadBytes }) => unreadBytes ?? [])
  return {
    name: 'slow-readers',
    clients: slow.clients,
    beforeMs: p95Of(0, SLOW_PART.from),
    duringMs: p95Of(SLOW_PART.from, SLOW_PART.to),
    slowMs: p95In(slowOnes.delaysMs),
    missing: slowOnes.lost,
    dropped: ends.reduce((sum, { dropped }) => sum + dropped, 0),
    unreadBytes: unread.length === 0 ? null : unread.reduce((a, b) => a + b, 0) / unread.length,
    grownKiB,
  }
}

const p95In = (sorted: Float64Array): number | null =>
  sorted[Math.min(sorted.length - 1, Math.floor(0.95 * sorted.length))] ?? null

export const slowColumns: readonly ScenarioColumn<SlowFigures>[] = [
  { title: 'slow clients', text: (all) => String(all[0]?.clients ?? 0) },
  { title: 'others p95 ms before', isDelay: true, text: (all) => middleText(all.map(({ beforeMs }) => beforeMs)) },
  { title: 'others p95 ms during', isDelay: true, text: (all) => middleText(all.map(({ duringMs }) => duringMs)) },
  { title: 'slow p95 ms', isDelay: true, text: (all) => middleText(all.map(({ slowMs }) => slowMs)) },
  { title: 'dropped', text: (all) => sumText(all.map(({ dropped }) => dropped)) },
  { title: 'missing', text: (all) => sumText(all.map(({ missing }) => missing)) },
  {
    title: 'unread',
    text: (all) =>
      middleText(
        all.map(({ unreadBytes }) => unreadBytes),
        bytesText,
      ),
  },
  {
    title: 'server grew by',
    text: (all) =>
      typicalText(
        all.map(({ grownKiB }) => grownKiB),
        mebibytesText,
      ),
  },
]

const mebibytesText = (kib: number): string => `${(kib / 1024).toFixed(1)} MiB`

export const SLOW_NOTE = `Figures are those of the repetition in the middle, and "up to" is the greatest of all repetitions.
others: the clients that read, before the slow ones stopped reading and while they did not read.
dropped: slow clients whose connection the server has ended. A client that has a cursor then returns with it.
missing: deliveries that the slow clients never got. unread: bytes of each slow client at the end of its pause.
The buffers of the kernel take the first unread bytes, several MB for each client on Linux. Below that, the server does not notice a slow client: increase --size, --rate or --seconds.`
