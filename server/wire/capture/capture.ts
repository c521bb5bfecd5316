/** Records the bytes of the lanes that a page watches, and the time at which each byte crossed the network. */
import type { Crossing } from '../../protocol/wire.ts'
import type { Reading } from '../reading.ts'
import { createRecording } from './recording.ts'
import type { Recording } from './recording.ts'
import { headText } from '../request-head.ts'
import type { Head } from '../request-head.ts'

export interface Capture {
  /**
   * Calls `onCrossing` for each crossing in the lanes whose names begin with `name` and a dot. An exchange is reported
   * only if the name was watched when the exchange began. Returns a function that stops the calls of `onCrossing`. When
   * the last listener for a name has stopped, the capture deletes the recordings of the lanes with this name.
   */
  watch(name: string, onCrossing: (crossing: Crossing) => void): () => void
  /**
   * Begins a recording. Returns null if no page watches the lane. `connection.number` identifies the connection.
   * `connection.requests` is the number of earlier requests on this connection.
   */
  begin(
    reading: Reading,
    request: Head,
    connection: { readonly number: number; readonly requests: number },
    hasBody: boolean,
  ): Recording | null
  /** Returns the recording of an exchange; null if the capture keeps no recording of this exchange. */
  find(exchange: number): Recording | null
  /** Number of bytes of memory that the recordings of all lanes use. */
  readonly keptBytes: number
}

interface Limits {
  readonly laneBytes: number
  readonly totalBytes: number
  readonly lanes: number
}

const LIMITS: Limits = { laneBytes: 256 * 1024, totalBytes: 64 * 1024 * 1024, lanes: 2000 }

interface Lane {
  readonly name: string
  /** Recordings of the lane, the oldest first. */
  readonly recordings: Set<Recording>
  keptBytes: number
}

/** Creates a capture. `firstExchange`: number of the first exchange. */
export function createCapture(
  { laneBytes, totalBytes, lanes: laneLimit }: Limits = LIMITS,
  firstExchange = 1,
): Capture {
  const watchers = new Map<string, Set<(crossing: Crossing) => void>>()
  const recordings = new Map<number, Recording>()
  /** Watched lanes, the least recently used first. */
  const lanes = new Map<string, Lane>()
  let nextExchange = firstExchange

  return {
    watch(name, onCrossing) {
      const listeners = watchers.get(name) ?? new Set()
      watchers.set(name, listeners.add(onCrossing))
      return () => {
        listeners.delete(onCrossing)
        if (listeners.size > 0 || watchers.get(name) !== listeners) return
        watchers.delete(name)
        for (const lane of [...lanes.values()].filter((lane) => nameOf(lane.name) === name)) {
          for (const recording of lane.recordings) recording.stop()
          forgetLane(lane)
        }
      }
    },
    begin(reading, request, { number, requests }, hasBody) {
      const listeners = watchers.get(nameOf(reading.lane))
      if (!listeners) return null
      const exchange = nextExchange++
      const lane = laneOf(reading.lane)
      const begun = {
        exchange,
        lane: lane.name,
        transport: reading.transport,
        connection: number,
        requestOfConnection: requests + 1,
        hasBody,
        method: request.method ?? '',
        headText: headText(request),
      }
      const recording: Recording = createRecording(begun, reading, {
        report(crossing) {
          for (const listener of listeners) listener(crossing)
        },
        kept: (bytes) => (lane.keptBytes += bytes),
        grown: () => trim(lane),
      })
      lane.recordings.add(recording)
      recordings.set(exchange, recording)
      return recording
    },
    find: (exchange) => recordings.get(exchange) ?? null,
    get keptBytes() {
      return [...lanes.values()].reduce((sum, { keptBytes }) => sum + keptBytes, 0)
    },
  }

  function laneOf(name: string): Lane {
    const isNew = !lanes.has(name)
    const lane = lanes.get(name) ?? { name, recordings: new Set(), keptBytes: 0 }
    lanes.delete(name)
    lanes.set(name, lane)
    const [leastRecent] = lanes.values()
    if (lanes.size > laneLimit && leastRecent) forgetLane(leastRecent)
    // A new lane makes the share of memory of every lane smaller.
    if (isNew && share() < laneBytes) for (const known of lanes.values()) trim(known)
    return lane
  }

  function share(): number {
    return Math.min(laneBytes, totalBytes / Math.max(1, lanes.size))
  }

  /**
   * Frees memory until the lane keeps no more than its share. Deletes the oldest finished recording first. If no
   * recording is finished, drops the bytes of one part at a time. If there is no part to drop, deletes the oldest
   * recording.
   */
  function trim(lane: Lane): void {
    while (lane.keptBytes > share()) {
      const recordings = [...lane.recordings]
      const [oldest, second] = recordings
      if (!oldest) return
      const finished = second && recordings.find(({ isOver }) => isOver)
      if (finished) forget(lane, finished)
      else if (!recordings.some(({ parts }) => parts.drop())) forget(lane, oldest)
    }
  }

  function forget(lane: Lane, recording: Recording): void {
    recording.parts.close()
    lane.recordings.delete(recording)
    recordings.delete(recording.exchange)
  }

  function forgetLane(lane: Lane): void {
    for (const recording of lane.recordings) forget(lane, recording)
    lanes.delete(lane.name)
  }
}

const nameOf = (lane: string): string => lane.split('.', 1)[0] ?? ''
