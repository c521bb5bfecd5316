/** Prints the figures of the Redis bench as tables. */
import { median } from '../compare/median.ts'

export interface RedisBench {
  readonly machine: Readonly<Record<string, string | undefined>>
  readonly settings: Readonly<Record<string, unknown>>
  /** The values of each figure, one for each round, by the name of the figure. */
  readonly figures: ReadonlyMap<string, readonly number[]>
  readonly wrong: { readonly lost: number; readonly doubled: number }
}

export function printFigures({ machine, settings, figures, wrong }: RedisBench): void {
  console.log(
    Object.entries(machine)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n'),
  )
  console.log(
    Object.entries(settings)
      .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
      .join('\n'),
  )
  console.log('Processes, Redis, clients and publisher share the cores. Redis saves nothing to the disk.')
  console.log(`${wrong.lost} lost, ${wrong.doubled} doubled`)
  table('from publish to receipt, few clients', figures, /^(?<row>.*), (?<column>p50 ms|p99 ms|n)$/, 2)
  table('processor time of one message to few clients', figures, /^(?<row>.*), (?<column>\S+ µs per message)$/, 0)
  table('one delivery', figures, /^(?<row>.*), (?<column>.* per (?:delivery|poll))$/, 1)
  table(
    'publishes in a closed loop',
    figures,
    /^(?<row>.* rooms), (?<column>publishes per second|core of .*|.* per publish)$/,
    2,
  )
  table('other programs', figures, /^(?<row>other programs), (?<column>.*)$/, 2)
  table('memory', figures, /^(?<row>Redis) (?<column>bytes .*)$/, 0)
}

/** Prints the medians of all figures whose name fits, with the lowest and the highest value of the rounds. */
function table(title: string, figures: RedisBench['figures'], names: RegExp, digits: number): void {
  const rows = new Map<string, Map<string, string>>()
  for (const [name, values] of figures) {
    const { row, column } = names.exec(name)?.groups ?? {}
    if (row === undefined || column === undefined) continue
    const cells = rows.get(row) ?? new Map<string, string>()
    rows.set(row, cells.set(column, cell(values, digits)))
  }
  console.log(`\n${title}`)
  for (const [row, cells] of rows)
    console.log(`  ${row}: ${Array.from(cells, ([column, text]) => `${column} ${text}`).join('; ')}`)
}

function cell(values: readonly number[], digits: number): string {
  const [low, middle, high] = [Math.min(...values), median(values), Math.max(...values)].map((value) =>
    value.toFixed(value >= 1000 ? 0 : digits),
  )
  return low === high ? `${middle}` : `${middle} (${low} to ${high})`
}
