/** Remembers the exchanges of this page's lanes, so that a reader can step from one exchange to the next. */
import type { ServerTimeMs, TransportName } from '../../server/protocol/feed.ts'
import type { Crossing } from '../../server/protocol/wire.ts'
import { TRANSPORTS } from '../lane/order.ts'

export interface Exchanges {
  take(crossings: readonly Crossing[]): void
  /** Returns the newest exchange of a transport's lane; null if none is known. */
  latest(transport: TransportName): number | null
  /**
   * Returns the newest exchange of the lane with this full name, for a lane that belongs to no transport; null if none
   * is known.
   */
  latestIn(lane: string): number | null
  /**
   * Returns the exchange just before (-1) or just after (1) the given exchange in the same lane; null if there is none.
   */
  beside(exchange: number, transport: TransportName, step: -1 | 1): number | null
  /**
   * Returns the exchanges of all lanes whose latest bytes crossed the wire at or after this time, in ascending order.
   */
  since(at: ServerTimeMs): number[]
}

/** Greatest number of exchanges that are remembered for each lane. The server keeps the bytes of fewer exchanges. */
const KEPT = 2000

export function createExchanges(): Exchanges {
  const known = new Map<TransportName, number[]>(TRANSPORTS.map((name) => [name, []]))
  const others = new Map<string, number>()
  /**
   * For each exchange, the time at which its latest bytes crossed the wire. The map's entries are in the order of their
   * times.
   */
  const latestAt = new Map<number, ServerTimeMs>()
  const listOf = (name: TransportName | undefined): number[] => (name && known.get(name)) ?? []

  return {
    take(crossings) {
      for (const { is, lane, exchange, at } of crossings) {
        latestAt.delete(exchange)
        latestAt.set(exchange, at)
        if (is !== 'request') continue
        const transport = TRANSPORTS.find((name) => lane.endsWith(`.${name}`))
        if (!transport) others.set(lane, exchange)
        const list = listOf(transport)
        // The server numbers exchanges in ascending order, so a lower number means that the server has restarted. A
        // restarted server does not know the exchanges from before the restart.
        if (exchange <= (list.at(-1) ?? 0)) list.length = 0
        list.push(exchange)
        if (list.length > KEPT * 1.1) list.splice(0, list.length - KEPT)
      }
      for (const exchange of latestAt.keys()) {
        if (latestAt.size <= KEPT * TRANSPORTS.length) break
        latestAt.delete(exchange)
      }
    },
    since: (from) =>
      Array.from(latestAt)
        .flatMap(([exchange, at]) => (at >= from ? exchange : []))
        .toSorted((a, b) => a - b),
    latest: (transport) => listOf(transport).at(-1) ?? null,
    latestIn: (lane) => others.get(lane) ?? null,
    beside(exchange, transport, step) {
      const list = listOf(transport)
      // Only the oldest exchanges leave the list, so an exchange that is not in the list is older than all exchanges in
      // it.
      const at = list.indexOf(exchange)
      return (at < 0 ? (step > 0 ? list[0] : undefined) : list[at + step]) ?? null
    },
  }
}
