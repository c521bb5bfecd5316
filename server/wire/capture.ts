/** Records the lanes that somebody watches: what crossed, when, byte for byte. Of all others it knows nothing. */
import type { Crossing } from '../protocol.ts'
import type { Connection } from './connection.ts'
import type { Reading } from './reading.ts'
import { createRecording } from './recording.ts'
import type { Recording } from './recording.ts'
import { headText } from './request-head.ts'
import type { Head } from './request-head.ts'

export interface Capture {
  /** Tells what crosses in the lanes named `NAME.…`, in exchanges that begin from now on. Answers what ends it, and forgets them. */
  watch(name: string, tell: (crossing: Crossing) => void): () => void
  /** Null where nobody watches. */
  begin(
    reading: Reading,
    request: Head,
    on: Pick<Connection, 'number' | 'requests'>,
    hasBody: boolean,
  ): Recording | null
  /** While it is kept. */
  find(exchange: number): Recording | null
  /** Of all lanes together. */
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
  /** The oldest first. */
  readonly recordings: Set<Recording>
  keptBytes: number
}

export function createCapture({ laneBytes, totalBytes, lanes: laneLimit }: Limits = LIMITS): Capture {
  const watchers = new Map<string, Set<(crossing: Crossing) => void>>()
  const recordings = new Map<number, Recording>()
  /** The longest unused first. */
  const lanes = new Map<string, Lane>()
  let exchanges = 0

  return {
    watch(name, tell) {
      const tells = watchers.get(name) ?? new Set()
      watchers.set(name, tells.add(tell))
      return () => {
        tells.delete(tell)
        if (tells.size > 0 || watchers.get(name) !== tells) return
        watchers.delete(name)
        for (const lane of [...lanes.values()].filter((lane) => nameOf(lane.name) === name)) {
          for (const recording of lane.recordings) recording.stop()
          forgetLane(lane)
        }
      }
    },
    begin(reading, request, { number, requests }, hasBody) {
      const tells = watchers.get(nameOf(reading.lane))
      if (!tells) return null
      exchanges += 1
      const lane = laneOf(reading.lane)
      const begun = {
        exchange: exchanges,
        lane: lane.name,
        transport: reading.transport,
        connection: number,
        requestOfConnection: requests + 1,
        hasBody,
        method: request.method ?? '',
        headText: headText(request),
      }
      const recording: Recording = createRecording(begun, reading, {
        tell(crossing) {
          for (const tell of tells) tell(crossing)
        },
        kept: (bytes) => (lane.keptBytes += bytes),
        grown: () => trim(lane),
      })
      lane.recordings.add(recording)
      recordings.set(exchanges, recording)
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
    const [longestUnused] = lanes.values()
    if (lanes.size > laneLimit && longestUnused) forgetLane(longestUnused)
    // Where all have their share of the whole there is less for each.
    if (isNew && share() < laneBytes) for (const other of lanes.values()) trim(other)
    return lane
  }

  function share(): number {
    return Math.min(laneBytes, totalBytes / Math.max(1, lanes.size))
  }

  /** The oldest that is over goes first; where none is, the middle of the oldest that is still going on. */
  function trim(lane: Lane): void {
    while (lane.keptBytes > share()) {
      const recordings = [...lane.recordings]
      const [oldest, another] = recordings
      if (!oldest) return
      const over = another && recordings.find(({ isOver }) => isOver)
      if (over) forget(lane, over)
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
