/** Takes in what crossed the wire, and gives each lane what is its own, on this page's clock. */
import type { Crossing } from '../../server/protocol.ts'
import type { Lane } from './lane.ts'
import type { Crossed } from './mark.ts'

/** As it is known here: when, on this page's clock. */
export interface Seen extends Omit<Crossing, 'lane' | 'at' | 'connection'> {
  readonly atMs: number
  /** Of a `request`. */
  readonly line?: Pick<Crossed, 'connection' | 'isReused'>
}

/** What is known of the clock and of the way while it is so. */
export interface Way {
  /** serverTime = pageTime + offsetMs, true within ± boundMs. */
  readonly offsetMs: number
  readonly boundMs: number
  readonly oneWayMs: number
  readonly jitterMs: number
  /** By conditions that are known: a proxy collects what a stream brings, packets are lost. */
  readonly isBuffered: boolean
  readonly isLossy: boolean
}

export interface Crossings {
  /** The server may be another one than before: it counts its connections anew. */
  startAgain(): void
  take(crossings: readonly Crossing[], way: Way): void
}

/** `laneNamed`: undefined for a lane that is none of this page's. */
export function createCrossings(laneNamed: (name: string) => Lane | undefined): Crossings {
  /** By which exchange a connection was used first. */
  const firsts = new Map<number, number>()

  return {
    startAgain: () => firsts.clear(),
    take(crossings, way) {
      const lanes = new Map<Lane, Seen[]>()
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

  function seenOf({ at, connection, ...rest }: Crossing, offsetMs: number): Seen {
    const atMs = at - offsetMs
    if (connection === undefined) return { ...rest, atMs }
    const first = firsts.get(connection) ?? rest.exchange
    firsts.set(connection, first)
    // It only has to outlast the connections that are open.
    if (firsts.size > MOST_CONNECTIONS) firsts.delete(firsts.keys().next().value ?? connection)
    return { ...rest, atMs, line: { connection, isReused: first !== rest.exchange } }
  }
}

const MOST_CONNECTIONS = 500
