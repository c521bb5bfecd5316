/** The exchanges of this page's lanes, as the lab tells of them, to step from one to the next. */
import type { Crossing, TransportName } from '../../server/protocol.ts'
import { TRANSPORTS } from './order.ts'

export interface Exchanges {
  take(crossings: readonly Crossing[]): void
  /** Null while none is known. */
  latest(of: TransportName): number | null
  /** Of a lane by its whole name, where it is none of the four; null while none is known. */
  latestIn(lane: string): number | null
  /** The lane's one before it (-1) or behind it (1); null where there is none. */
  beside(exchange: number, of: TransportName, step: -1 | 1): number | null
}

/** Of each lane: more than any server still has the bytes of. */
const KEPT = 2000

export function createExchanges(): Exchanges {
  const known = new Map<TransportName, number[]>(TRANSPORTS.map((name) => [name, []]))
  const others = new Map<string, number>()
  const listOf = (name: TransportName | undefined): number[] => (name && known.get(name)) ?? []

  return {
    take(crossings) {
      for (const { is, lane, exchange } of crossings) {
        if (is !== 'request') continue
        const of = TRANSPORTS.find((name) => lane.endsWith(`.${name}`))
        if (!of) others.set(lane, exchange)
        const list = listOf(of)
        // The server counts up; one that began anew knows none of those before.
        if (exchange <= (list.at(-1) ?? 0)) list.length = 0
        list.push(exchange)
        if (list.length > KEPT * 1.1) list.splice(0, list.length - KEPT)
      }
    },
    latest: (of) => listOf(of).at(-1) ?? null,
    latestIn: (lane) => others.get(lane) ?? null,
    beside(exchange, of, step) {
      const list = listOf(of)
      // One that is not known any more lies before all that are.
      const at = list.indexOf(exchange)
      return (at < 0 ? (step > 0 ? list[0] : undefined) : list[at + step]) ?? null
    },
  }
}
