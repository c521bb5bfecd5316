/** Joins the published messages with the deliveries that the clients recorded. */
import { createClock } from '../../web/measure/clock.ts'
import { median } from './median.ts'
import type { Published } from './publishing.ts'
import type { Samples } from './samples.ts'

/** Deliveries of one transport in one repetition. */
export interface Joined {
  /** From the intended sending to the receipt, smallest first. The copies of a message do not count. */
  readonly delaysMs: Float64Array
  /** From the acceptance by the server to the receipt, smallest first; empty if the server does not report it. */
  readonly acceptedDelaysMs: Float64Array
  /** The delays from the acceptance are wrong by at most this; null if there are none. */
  readonly clockBoundMs: number | null
  /** Part of each delay that may be the clients' own, smallest first. */
  readonly busyMs: Float64Array
  /**
   * Number of independent observations: the messages, or the responses if there are fewer. The clients receive a
   * message at almost the same time, and a response can bring several messages. The messages of a burst count as one.
   */
  readonly independent: number
  readonly messages: number
  readonly refused: number
  readonly refusal: string | null
  readonly expected: number
  readonly lost: number
  readonly doubled: number
  readonly reordered: number
  /** For each message, in their order: the seconds since the end of the warm-up, and the median delay of the clients. */
  readonly overTime: readonly (readonly [number, number])[]
  /** From the sending to the confirmation, smallest first. */
  readonly confirmationsMs: Float64Array
  /** Lateness of each sending against the schedule, smallest first. */
  readonly slipsMs: Float64Array
}

/** `fromMs` is the end of the warm-up: earlier messages are left out. */
export function join(
  published: readonly Published[],
  all: readonly Samples[],
  clients: number,
  fromMs: number,
): Joined {
  const measured = published.filter(({ dueMs }) => dueMs >= fromMs)
  const accepted = measured.filter(({ refusal }) => refusal === null)
  const numbers = new Map(accepted.map(({ id }, i) => [id, i]))
  const clock = clockOf(accepted)
  /** Delay of each message for each client; NaN while it has not arrived. */
  const delayOf = new Float32Array(accepted.length * clients).fill(Number.NaN)
  /** Latest sending among the messages that a client has received. */
  const latestMs = new Float64Array(clients)
  const length = all.reduce((sum, { length }) => sum + length, 0)
  const delaysMs = new Float64Array(length)
  const acceptedDelaysMs = new Float64Array(length)
  const busyMs = new Float64Array(length)
  let received = 0
  let withTime = 0
  let responses = 0
  let doubled = 0
  let reordered = 0

  for (const samples of all) {
    const numberOf = samples.ids.map((id) => numbers.get(id) ?? -1)
    const lastMs = new Float64Array(clients)
    for (let i = 0; i < samples.length; i++) {
      const number = numberOf[samples.id[i] ?? -1] ?? -1
      const message = accepted[number]
      // A message of the warm-up, or of somebody else.
      if (!message) continue
      const client = samples.client[i] ?? 0
      const atMs = samples.atMs[i] ?? 0
      const place = number * clients + client
      if (!Number.isNaN(delayOf[place])) {
        doubled += 1
        continue
      }
      delayOf[place] = atMs - message.dueMs
      if (atMs !== lastMs[client]) responses += 1
      lastMs[client] = atMs
      // Two messages that were under way at the same time have no order.
      if ((latestMs[client] ?? 0) > (message.confirmedMs ?? Number.POSITIVE_INFINITY)) reordered += 1
      latestMs[client] = Math.max(latestMs[client] ?? 0, message.sentMs)
      delaysMs[received] = atMs - message.dueMs
      busyMs[received] = samples.busyMs[i] ?? 0
      received += 1
      if (clock && message.acceptedMs !== null)
        acceptedDelaysMs[withTime++] = atMs - (message.acceptedMs - clock.offsetMs)
    }
  }

  const expected = accepted.length * clients
  return {
    delaysMs: delaysMs.subarray(0, received).sort(),
    acceptedDelaysMs: acceptedDelaysMs.subarray(0, withTime).sort(),
    clockBoundMs: clock?.boundMs ?? null,
    busyMs: busyMs.subarray(0, received).sort(),
    independent: Math.min(new Set(accepted.map(({ dueMs }) => dueMs)).size, responses),
    messages: measured.length,
    refused: measured.length - accepted.length,
    refusal: measured.find(({ refusal }) => refusal !== null)?.refusal ?? null,
    expected,
    lost: expected - received,
    doubled,
    reordered,
    overTime: accepted.flatMap(({ dueMs }, number) => {
      const arrived = delayOf.subarray(number * clients, (number + 1) * clients).filter((ms) => !Number.isNaN(ms))
      return arrived.length === 0 ? [] : [[(dueMs - fromMs) / 1000, median([...arrived])] as const]
    }),
    confirmationsMs: Float64Array.from(accepted, ({ sentMs, confirmedMs }) => (confirmedMs ?? sentMs) - sentMs).sort(),
    slipsMs: Float64Array.from(measured, ({ sentMs, dueMs }) => sentMs - dueMs).sort(),
  }
}

/** Servers stamp times to the microsecond. */
const STAMP_MS = 0.001

/** The server accepted each message between its sending and its confirmation, which bounds the server's clock. */
function clockOf(accepted: readonly Published[]): { readonly offsetMs: number; readonly boundMs: number } | null {
  const clock = createClock(STAMP_MS)
  for (const { sentMs, acceptedMs, confirmedMs } of accepted)
    if (acceptedMs !== null && confirmedMs !== null)
      clock.add({ t0: sentMs, t1: acceptedMs, t2: acceptedMs, t3: confirmedMs })
  return clock.at(accepted.at(-1)?.sentMs ?? 0)
}
