/** The metrics of all processes that share a Redis. */
import { AggregatorRegistry } from 'prom-client'
import type { Registry } from 'prom-client'

/** The metrics of one process, and its number. */
export interface OfProcess {
  readonly process: number
  readonly metrics: Awaited<ReturnType<Registry['getMetricsAsJSON']>>
}

/**
 * Returns the metrics in the format of Prometheus. Each series gets the number of its process as a label, so that no
 * series is the sum of two processes, of which one may end.
 */
export async function metricsOfAll(all: readonly OfProcess[]): Promise<string> {
  const labelled = all.map(({ process, metrics }) =>
    metrics.map((metric) => ({
      ...metric,
      values: metric.values.map((value) => ({ ...value, labels: { ...value.labels, process } })),
    })),
  )
  return AggregatorRegistry.aggregate(labelled).metrics()
}
