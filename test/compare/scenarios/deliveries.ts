/** Delays of each message for each client, for the figures of the scenarios. */
import type { Published } from '../publishing.ts'
import type { Samples } from '../samples.ts'

export interface DeliveryTable {
  /** Messages that the server has accepted, without those of the warm-up. */
  readonly messages: readonly Published[]
  readonly clients: number
  /** Rows are messages, and columns are clients. NaN if the message has not arrived. Copies do not count. */
  readonly delayMs: Float32Array
  /** Part of each delay that may be the clients' own. */
  readonly busyMs: Float32Array
}

/** `fromMs` is the end of the warm-up. */
export function tabulate(
  published: readonly Published[],
  all: readonly Samples[],
  clients: number,
  fromMs: number,
): DeliveryTable {
  const messages = published.filter(({ dueMs, refusal }) => dueMs >= fromMs && refusal === null)
  const rows = new Map(messages.map(({ id }, i) => [id, i]))
  const delayMs = new Float32Array(messages.length * clients).fill(Number.NaN)
  const busyMs = new Float32Array(messages.length * clients)
  for (const samples of all) {
    const rowOf = samples.ids.map((id) => rows.get(id) ?? -1)
    for (let i = 0; i < samples.length; i++) {
      const row = rowOf[samples.id[i] ?? -1] ?? -1
      const message = messages[row]
      if (!message) continue
      const place = row * clients + (samples.client[i] ?? 0)
      if (!Number.isNaN(delayMs[place])) continue
      delayMs[place] = (samples.atMs[i] ?? 0) - message.dueMs
      busyMs[place] = samples.busyMs[i] ?? 0
    }
  }
  return { messages, clients, delayMs, busyMs }
}

/** Returns the values of some messages, without the missing ones, smallest first. */
export function valuesOf(
  { clients }: DeliveryTable,
  column: Float32Array,
  rows: { readonly from: number; readonly to: number },
): Float32Array {
  const part = column.subarray(rows.from * clients, rows.to * clients)
  return part.filter((value) => !Number.isNaN(value)).sort()
}

/** Null if there are no values. */
export const quantileIn = (sorted: Float32Array, p: number): number | null =>
  sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? null
