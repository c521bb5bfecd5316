/** Exchanges of this page's lanes, so that readers can step from one to the next. */
import type { ServerTimeMs, TransportName } from '../../server/protocol/feed.ts'
import type { Crossing } from '../../server/protocol/wire.ts'
import { TRANSPORTS } from '../lane/order.ts'

export interface Exchanges {
  take(crossings: readonly Crossing[]): void
  /** Latest exchange of a transport's lane; null while none is known. */
  latest(transport: TransportName): number | null
  /** Latest exchange of any other lane, by its full name; null while none is known. */
  latestIn(lane: string): number | null
  /** Exchange of the same lane before (-1) or after (1) this one; null if there is none. */
  beside(exchange: number, transport: TransportName, step: -1 | 1): number | null
  /** Exchanges of all lanes whose latest bytes crossed at or after this time, in ascending order. */
  since(at: ServerTimeMs): number[]
}

/** Number of exchanges that are known per lane. The server keeps the bytes of fewer exchanges. */
const KEPT = 2000

export function createExchanges(): Exchanges {
  const known = new Map<TransportName, number[]>(TRANSPORTS.map((name) => [name, []]))
  const others = new Map<string, number>()
  /** Time of the latest crossing of each exchange, in the order of these times. */
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
        // The server numbers exchanges upwards. A lower number means that the server has restarted. It no longer knows
        // the exchanges from before the restart.
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
      // The list drops only its oldest exchanges, so an exchange that is not in it comes before all others.
      const at = list.indexOf(exchange)
      return (at < 0 ? (step > 0 ? list[0] : undefined) : list[at + step]) ?? null
    },
  }
}
