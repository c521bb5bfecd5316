/** Distributes the reported crossings of the wire to the lanes, with times on this page's clock. */
import type { Crossing } from '../../server/protocol/wire.ts'
import type { Crossed } from './mark.ts'

/** Crossing of the wire, with its time on this page's clock. */
export interface TimedCrossing extends Omit<Crossing, 'lane' | 'at' | 'connection'> {
  readonly atMs: number
  /** Connection of the exchange; only a `request` has it. */
  readonly line?: Pick<Crossed, 'connection' | 'isReused'>
}

/** Clock and network conditions at the time of a report. */
export interface Way {
  /** Offset of the clocks: serverTime = pageTime + offsetMs, true within ± boundMs. */
  readonly offsetMs: number
  readonly boundMs: number
  readonly oneWayMs: number
  readonly jitterMs: number
  /** Known conditions of the lab: a proxy buffers streams (`isBuffered`), or packets are lost (`isLossy`). */
  readonly isBuffered: boolean
  readonly isLossy: boolean
}

export interface Crossings {
  /**
   * Forgets all connections. Called when the server may have restarted, because a new server numbers connections from
   * 1.
   */
  startAgain(): void
  take(crossings: readonly Crossing[], way: Way): void
}

/** The part of a lane that processes its crossings. */
interface Receiver {
  crossed(seen: readonly TimedCrossing[], way: Way): void
}

/** Creates the distributor. `laneNamed` returns undefined for a lane of another page. */
export function createCrossings(laneNamed: (name: string) => Receiver | undefined): Crossings {
  /** For each connection, the exchange that used it first. */
  const firsts = new Map<number, number>()

  return {
    startAgain: () => firsts.clear(),
    take(crossings, way) {
      const lanes = new Map<Receiver, TimedCrossing[]>()
      for (const crossing of crossings) {
        const lane = laneNamed(crossing.lane)
        if (!lane) continue
        const seen = lanes.get(lane) ?? []
        lanes.set(lane, seen)
        seen.push(seenOf(crossing, way.offsetMs))
      }
      for (const [lane, seen] of lanes) lane.crossed(seen, way)
    },
  }

  function seenOf({ at, connection, ...rest }: Crossing, offsetMs: number): TimedCrossing {
    const atMs = at - offsetMs
    if (connection === undefined) return { ...rest, atMs }
    const first = firsts.get(connection) ?? rest.exchange
    firsts.set(connection, first)
    // An entry is needed only while its connection is open.
    if (firsts.size > MOST_CONNECTIONS) firsts.delete(firsts.keys().next().value ?? connection)
    return { ...rest, atMs, line: { connection, isReused: first !== rest.exchange } }
  }
}

const MOST_CONNECTIONS = 500
