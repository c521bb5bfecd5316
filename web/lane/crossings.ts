/** Gives each lane the crossings that the wire reported for it, with times on this page's clock. */
import type { Crossing } from '../../server/protocol/wire.ts'
import type { Crossed } from './mark.ts'

/** A crossing of the wire, with its time on this page's clock. */
export interface TimedCrossing extends Omit<Crossing, 'lane' | 'at' | 'connection'> {
  readonly atMs: number
  /** Connection that carries the exchange. Only a crossing of kind `request` has this member. */
  readonly line?: Pick<Crossed, 'connection' | 'isReused'>
}

/** Clock and network conditions when the wire reported. */
export interface Way {
  /** Offset of the server's clock: serverTime = pageTime + offsetMs. The offset's error is at most boundMs. */
  readonly offsetMs: number
  readonly boundMs: number
  readonly oneWayMs: number
  readonly jitterMs: number
  /** Conditions that the lab has reported. `isBuffered`: a proxy buffers streams. `isLossy`: packets are lost. */
  readonly isBuffered: boolean
  readonly isLossy: boolean
}

export interface Crossings {
  /**
   * Forgets all connections. The page calls this when the server may have restarted, because a new server numbers its
   * connections from 1 again.
   */
  startAgain(): void
  take(crossings: readonly Crossing[], way: Way): void
}

/** The part of a lane that takes the lane's crossings. */
interface Receiver {
  crossed(seen: readonly TimedCrossing[], way: Way): void
}

/** Creates the distributor. `laneNamed` returns undefined for the name of another page's lane. */
export function createCrossings(laneNamed: (name: string) => Receiver | undefined): Crossings {
  /** For each connection, the number of the exchange that used the connection first. */
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
    // The map needs an entry only while the entry's connection is open, so the oldest entry can be removed.
    if (firsts.size > MOST_CONNECTIONS) firsts.delete(firsts.keys().next().value ?? connection)
    return { ...rest, atMs, line: { connection, isReused: first !== rest.exchange } }
  }
}

const MOST_CONNECTIONS = 500
