/** The figures of each scenario, and the table of them. */
import type { Published } from '../publishing.ts'
import type { Samples } from '../samples.ts'
import { BURST_NOTE, burstColumns, burstFigures } from './burst.ts'
import type { BurstFigures } from './burst.ts'
import type { ScenarioColumn } from './columns.ts'
import { tabulate } from './deliveries.ts'
import { RAMP_NOTE, rampColumns, rampFigures } from './ramp.ts'
import type { RampFigures } from './ramp.ts'
import type { FleetOutcome } from './outcome.ts'
import { STORM_PART } from './scenario.ts'
import type { ScenarioName, ScenarioOptions } from './scenario.ts'
import { SLOW_NOTE, slowColumns, slowFigures } from './slow.ts'
import type { SlowFigures } from './slow.ts'
import { STORM_NOTE, stormColumns, stormFigures } from './storm.ts'
import type { StormFigures } from './storm.ts'

export type ScenarioFigures = BurstFigures | RampFigures | StormFigures | SlowFigures

export interface ScenarioInput {
  readonly options: ScenarioOptions & { readonly clients: number; readonly rate: number; readonly seconds: number }
  readonly messages: readonly Published[]
  readonly samples: readonly Samples[]
  readonly outcomes: readonly FleetOutcome[]
  /** End of the warm-up. */
  readonly fromMs: number
  /** Growth of the server's memory while some clients did not read, in KiB; null if it is unknown. */
  readonly grownKiB: number | null
  /** True if the adapter waits for the server's confirmation of each publish. */
  readonly isConfirmed: boolean
}

/** Returns the figures of a scenario in one repetition; null if it has none. */
export function scenarioFigures(input: ScenarioInput): ScenarioFigures | null {
  const { options, messages, samples, fromMs } = input
  const { clients, seconds, slow } = options
  const measured = messages.filter(({ dueMs }) => dueMs >= fromMs)
  const table = () => tabulate(messages, samples, options.clients, fromMs)
  switch (options.scenario) {
    case 'burst':
      return burstFigures(table())
    case 'ramp':
      return rampFigures(table(), options, fromMs)
    case 'reconnect-storm': {
      const cutAtMs = fromMs + STORM_PART * seconds * 1000
      return stormFigures({ ...input, messages: measured, clients, cutAtMs, endMs: fromMs + seconds * 1000 })
    }
    case 'slow-readers':
      return slowFigures({ ...input, messages: measured, clients, slow, seconds })
    default:
      return null
  }
}

interface ScenarioTable {
  readonly note: string
  readonly titles: readonly string[]
  cells(result: ScenarioResult): readonly string[]
}

/** The part of a summary that the table of a scenario shows. */
export interface ScenarioResult {
  readonly transport: string
  readonly doubt: string | null
  readonly outerDoubt: string | null
  readonly scenario: readonly ScenarioFigures[]
}

const TABLES: { readonly [Name in ScenarioName]?: ScenarioTable } = {
  burst: tableWith('burst', burstColumns, BURST_NOTE),
  ramp: tableWith('ramp', rampColumns, RAMP_NOTE),
  'reconnect-storm': tableWith('reconnect-storm', stormColumns, STORM_NOTE),
  'slow-readers': tableWith('slow-readers', slowColumns, SLOW_NOTE),
}

/** Returns null if the scenario of these results has no table of its own. */
export function scenarioTableOf(results: readonly ScenarioResult[]): ScenarioTable | null {
  const name = results.flatMap(({ scenario }) => scenario)[0]?.name
  return name === undefined ? null : (TABLES[name] ?? null)
}

type FiguresOf<Name> = Extract<ScenarioFigures, { name: Name }>

/** Returns the figures of the repetitions, if they are of this scenario. */
export const figuresOf = <Name extends ScenarioFigures['name']>(
  { scenario }: Pick<ScenarioResult, 'scenario'>,
  name: Name,
): readonly FiguresOf<Name>[] => scenario.filter((figures): figures is FiguresOf<Name> => figures.name === name)

function tableWith<Name extends ScenarioFigures['name']>(
  name: Name,
  columns: readonly ScenarioColumn<FiguresOf<Name>>[],
  note: string,
): ScenarioTable {
  return {
    note,
    titles: ['transport', ...columns.map(({ title }) => title)],
    cells(result) {
      const all = figuresOf(result, name)
      return [
        result.transport,
        ...columns.map(({ isDelay, isRate, text }) => {
          const doubt = isDelay ? result.doubt : isRate ? result.outerDoubt : null
          return all.length === 0 ? '–' : doubt === null ? text(all) : '?'
        }),
      ]
    },
  }
}
