/**
 * Histogram of the delays of deliveries. The histogram of prom-client takes one value at a time. For a delivery to a
 * thousand clients, this took about as long as the rest of the server's own work.
 */
import type { Histogram } from 'prom-client'

export interface Delays {
  /**
   * Adds the delays of `clients` deliveries, which are evenly spread over the time from `fromMs` to `toMs`: the last of
   * them at `toMs`. All three times are on one clock. The counts are the same as if each delay were added on its own.
   */
  add(transport: string, clients: number, atMs: number, fromMs: number, toMs: number): void
  /** For the registry of prom-client. */
  readonly metric: Histogram
}

interface Series {
  /** Number of delays in each bucket. Unlike the published numbers, they do not include the lower buckets. */
  readonly buckets: number[]
  sumS: number
  count: number
}

/** Creates the histogram. `boundsS`: the upper bounds of the buckets in seconds, ascending, without infinity. */
export function createDelays(name: string, help: string, boundsS: readonly number[]): Delays {
  const all = new Map<string, Series>()
  const get = async () => ({
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    values: [...all].flatMap(([transport, series]) => valuesOf(transport, series)),
  })

  return {
    add(transport, clients, atMs, fromMs, toMs) {
      const series = all.get(transport) ?? { buckets: boundsS.map(() => 0), sumS: 0, count: 0 }
      all.set(transport, series)
      const delayS = (client: number): number => (fromMs + ((toMs - fromMs) * client) / clients - atMs) / 1000
      let before = 0
      for (let i = 0; i < boundsS.length && before < clients; i++) {
        const until = lastWithin(boundsS[i] ?? Infinity, before, clients, delayS)
        series.buckets[i] = (series.buckets[i] ?? 0) + until - before
        before = until
      }
      series.count += clients
      series.sumS += (clients * (delayS(1) + delayS(clients))) / 2
    },
    // The registry of prom-client uses only these properties of a metric. Its types accept only its own classes.
    metric: { name, help, type: 'histogram', get } as unknown as Histogram,
  }

  function valuesOf(transport: string, { buckets, sumS, count }: Series) {
    let below = 0
    const bucket = (le: number | string, value: number) => ({
      metricName: `${name}_bucket`,
      labels: { le, transport },
      value,
    })
    return [
      ...boundsS.map((bound, i) => bucket(bound, (below += buckets[i] ?? 0))),
      bucket('+Inf', count),
      { metricName: `${name}_sum`, labels: { transport }, value: sumS },
      { metricName: `${name}_count`, labels: { transport }, value: count },
    ]
  }
}

/** Returns the last client whose delay is within the bound. The delays of all clients ascend. */
function lastWithin(boundS: number, from: number, to: number, delayS: (client: number) => number): number {
  let within = from
  for (let beyond = to + 1; beyond - within > 1;) {
    const middle = (within + beyond) >> 1
    if (delayS(middle) <= boundS) within = middle
    else beyond = middle
  }
  return within
}
