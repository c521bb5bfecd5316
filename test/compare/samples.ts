/** Deliveries as the clients recorded them, in columns: millions of objects would not fit into memory. */

export interface Samples {
  readonly length: number
  /** Number of the client that received the message. */
  readonly client: Uint32Array
  /** Index of the message's id in `ids`. */
  readonly id: Uint32Array
  readonly ids: readonly string[]
  readonly atMs: Float64Array
  /** Time for which the process of the client had already been busy: its own part of the delay is at most this. */
  readonly busyMs: Float32Array
}

export interface Recorder {
  add(client: number, id: string, atMs: number, busyMs: number): void
  /** Number of deliveries of these messages, copies included. */
  countOf(ids: readonly string[]): number
  take(): Samples
}

/** Returns the deliveries to some clients. `numberOf` returns the new number of a client; null leaves it out. */
export function samplesOf(samples: Samples, numberOf: (client: number) => number | null): Samples {
  const kept = Array.from({ length: samples.length }, (_, i) => i).filter(
    (i) => numberOf(samples.client[i] ?? 0) !== null,
  )
  return {
    length: kept.length,
    client: Uint32Array.from(kept, (i) => numberOf(samples.client[i] ?? 0) ?? 0),
    id: Uint32Array.from(kept, (i) => samples.id[i] ?? 0),
    ids: samples.ids,
    atMs: Float64Array.from(kept, (i) => samples.atMs[i] ?? 0),
    busyMs: Float32Array.from(kept, (i) => samples.busyMs[i] ?? 0),
  }
}

const FIRST = 4096

export function createRecorder(): Recorder {
  let client = new Uint32Array(FIRST)
  let id = new Uint32Array(FIRST)
  let atMs = new Float64Array(FIRST)
  let busyMs = new Float32Array(FIRST)
  let length = 0
  const indexes = new Map<string, number>()
  /** Number of deliveries of each index. */
  const counts: number[] = []

  return {
    add(ofClient, text, at, busy) {
      if (length === client.length) grow()
      const index = indexes.get(text) ?? indexes.size
      indexes.set(text, index)
      counts[index] = (counts[index] ?? 0) + 1
      client[length] = ofClient
      id[length] = index
      atMs[length] = at
      busyMs[length] = busy
      length += 1
    },
    countOf: (ids) => ids.reduce((sum, id) => sum + (counts[indexes.get(id) ?? -1] ?? 0), 0),
    take: () => ({
      length,
      client: client.slice(0, length),
      id: id.slice(0, length),
      ids: [...indexes.keys()],
      atMs: atMs.slice(0, length),
      busyMs: busyMs.slice(0, length),
    }),
  }

  function grow(): void {
    client = resized(client, new Uint32Array(2 * length))
    id = resized(id, new Uint32Array(2 * length))
    atMs = resized(atMs, new Float64Array(2 * length))
    busyMs = resized(busyMs, new Float32Array(2 * length))
  }
}

function resized<Column extends Uint32Array | Float64Array | Float32Array>(old: Column, column: Column): Column {
  column.set(old)
  return column
}
