/** Metrics of the process under the names that are usual for Prometheus, and the delay of the process's event loop. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'

/** Interval of the timer that measures the delay of the event loop. */
const SAMPLE_MS = 10

const PERCENTILES = [
  ['p50', 50],
  ['p99', 99],
  ['max', 100],
] as const

/** Adds the metrics to the registry. Returns a function that stops the measurement. */
export function measureProcess(registry: Registry): () => void {
  const loop = monitorEventLoopDelay({ resolution: SAMPLE_MS })
  loop.enable()
  registry.registerMetric(
    new Gauge({
      name: 'fourwire_event_loop_delay_seconds',
      help: 'Delay of a timer in the event loop since the last read: the median, the 99th percentile and the maximum.',
      labelNames: ['of'],
      registers: [],
      collect() {
        for (const [of, percent] of PERCENTILES) this.set({ of }, lateS(loop.percentile(percent)))
        // Without this reset, every later read would report the largest delay again.
        loop.reset()
      },
    }),
  )
  registry.registerMetric(
    new Counter({
      name: 'process_cpu_seconds_total',
      help: 'Processor time of the process, in user and system mode.',
      registers: [],
      collect() {
        const { user, system } = process.cpuUsage()
        this.reset()
        this.inc((user + system) / 1e6)
      },
    }),
  )
  registry.registerMetric(
    new Gauge({
      name: 'process_resident_memory_bytes',
      help: 'Resident memory of the process.',
      registers: [],
      collect() {
        this.set(process.memoryUsage.rss())
      },
    }),
  )
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'Time at which the process started, in seconds since 1970.',
    registers: [registry],
  }).set(performance.timeOrigin / 1000)
  return () => void loop.disable()
}

/** Returns the delay of the timer: the measured time between two runs of the timer minus the timer's interval. */
const lateS = (betweenNs: number): number => Math.max(0, betweenNs / 1e9 - SAMPLE_MS / 1000)
