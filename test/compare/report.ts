/** The result as data, for --json, for --html and for later comparisons. */
import { readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import type { NetworkOptions } from './conditions.ts'
import type { Options } from './options.ts'
import type { ScenarioOptions } from './scenarios/scenario.ts'
import type { Summary } from './summary.ts'
import { shownUrl } from './words.ts'

export interface Report {
  readonly version: string
  readonly startedAt: string
  readonly machine: MeasuringMachine
  readonly workload: ComparedWorkload
  readonly results: readonly Summary[]
  readonly verdict: string
  /** A sentence for each transport that a baseline has as well. */
  readonly changes: readonly string[]
  /** A sentence for each threshold that is broken. */
  readonly broken: readonly string[]
}

export interface MeasuringMachine {
  readonly cpu: string
  readonly cores: number
  readonly node: string
  readonly system: string
  /** Mean number of processes that wanted to run in the last minute. */
  readonly load: number
  /** True if the server and the clients had cores of their own. */
  readonly isPinned: boolean
}

export type ComparedWorkload = Pick<
  Options,
  | keyof NetworkOptions
  | keyof ScenarioOptions
  | 'clients'
  | 'rate'
  | 'seconds'
  | 'warmup'
  | 'ramp'
  | 'interval'
  | 'wait'
  | 'repeat'
  | 'adapter'
  | 'isHttp2'
> & { readonly url: string | null; readonly bytes: number }

export const machineOf = (isPinned: boolean): MeasuringMachine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  node: process.version,
  system: `${process.platform} ${process.arch}`,
  load: loadavg()[0] ?? 0,
  isPinned,
})

export function workloadOf(options: Options): ComparedWorkload {
  const { clients, rate, seconds, warmup, ramp, interval, wait, repeat, adapter, isHttp2, url } = options
  const { rtt, jitter, loss, bandwidth, scenario, burst, rateTo, stormWithin, slow } = options
  const bytes = Buffer.byteLength(options.payload('~00000000.0000~'))
  return {
    adapter,
    url: url ? shownUrl(url) : null,
    isHttp2,
    clients,
    rate,
    bytes,
    seconds,
    warmup,
    ramp,
    interval,
    wait,
    repeat,
    scenario,
    burst,
    rateTo,
    stormWithin,
    slow,
    rtt,
    jitter,
    loss,
    bandwidth,
  }
}

export function versionOf(): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'),
  )
  return version
}
