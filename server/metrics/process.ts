/** The process itself, under the names that Prometheus has for any process, and how late its event loop runs. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { reading } from './exposition.ts'
import type { Metric } from './exposition.ts'

/** A timer of the event loop's own is looked at this often. */
const SAMPLE_MS = 10

const PERCENTILES = [
  ['p50', 50],
  ['p99', 99],
  ['max', 100],
] as const

export function measureProcess(): { readonly metrics: readonly Metric[]; stop(): void } {
  const loop = monitorEventLoopDelay({ resolution: SAMPLE_MS })
  loop.enable()

  return {
    metrics: [
      reading(
        'fourwire_event_loop_delay_seconds',
        'gauge',
        'How late the event loop came to a timer since this was last read: the median, the 99th percentile and the maximum.',
        () => {
          const samples = PERCENTILES.map(([of, percent]) => [{ of }, lateS(loop.percentile(percent))] as const)
          // Else one bad moment would stand for good.
          loop.reset()
          return samples
        },
      ),
      reading('process_cpu_seconds_total', 'counter', 'Processor time, of user and system.', () => {
        const { user, system } = process.cpuUsage()
        return [[{}, (user + system) / 1e6]]
      }),
      reading('process_resident_memory_bytes', 'gauge', 'Resident memory.', () => [[{}, process.memoryUsage.rss()]]),
      reading('process_start_time_seconds', 'gauge', 'When the process started, in seconds since 1970.', () => [
        [{}, performance.timeOrigin / 1000],
      ]),
    ],
    stop: () => void loop.disable(),
  }
}

/** Between two looks lies the time that was meant to lie there. */
const lateS = (betweenNs: number): number => Math.max(0, betweenNs / 1e9 - SAMPLE_MS / 1000)
