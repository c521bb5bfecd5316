import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { Log } from '../feed/log.ts'

/** Adds the metrics of a log that other processes share, for example in Redis. */
export function measureConnections(registry: Registry, log: Log): void {
  registry.registerMetric(
    new Gauge({
      name: 'fourwire_redis_up',
      help: '1 if the connection to Redis works: commands writes and reads, events waits for events.',
      labelNames: ['connection'],
      registers: [],
      collect() {
        for (const [connection, trouble] of Object.entries(log.connections?.() ?? {}))
          this.set({ connection }, trouble === null ? 1 : 0)
      },
    }),
  )
  const breaks = new Counter({
    name: 'fourwire_redis_breaks_total',
    help: 'How often the events of a room did not continue, because Redis lost events or this process was far behind.',
    registers: [registry],
  })
  log.onBreak?.(() => breaks.inc())
}
