/** The result as data, for --json and for later comparisons. */
import { readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import type { Adapter } from './adapter.ts'
import type { Options } from './options.ts'
import type { Summary } from './summary.ts'

export interface Report {
  readonly version: string
  readonly startedAt: string
  readonly machine: Machine
  readonly workload: Workload
  readonly results: readonly Summary[]
  readonly verdict: string
  /** A sentence for each threshold that is broken. */
  readonly broken: readonly string[]
}

interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly node: string
  readonly system: string
  /** Mean number of processes that wanted to run in the last minute. */
  readonly load: number
  readonly isPinned: boolean
  readonly clock: string
}

type Workload = Pick<Options, 'clients' | 'rate' | 'seconds' | 'warmup' | 'ramp' | 'interval' | 'wait' | 'repeat'> & {
  readonly adapter: string
  readonly url: string | null
  readonly bytes: number
}

const CLOCK = 'The publisher and the clients share the monotonic clock of this machine.'

export interface Measured {
  readonly options: Options
  readonly adapter: Adapter
  readonly startedAt: Date
  readonly isPinned: boolean
  readonly results: readonly Summary[]
  readonly verdict: string
  readonly broken: readonly string[]
}

export function reportOf({ options, adapter, startedAt, isPinned, results, verdict, broken }: Measured): Report {
  const { clients, rate, seconds, warmup, ramp, interval, wait, repeat, url } = options
  const bytes = Buffer.byteLength(options.payload('~00000000.0000~'))
  return {
    version: versionOf(),
    startedAt: startedAt.toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      node: process.version,
      system: `${process.platform} ${process.arch}`,
      load: loadavg()[0] ?? 0,
      isPinned,
      clock: CLOCK,
    },
    workload: {
      adapter: adapter.name,
      url: url?.href ?? null,
      clients,
      rate,
      bytes,
      seconds,
      warmup,
      ramp,
      interval,
      wait,
      repeat,
    },
    results,
    verdict,
    broken,
  }
}

function versionOf(): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'),
  )
  return version
}
