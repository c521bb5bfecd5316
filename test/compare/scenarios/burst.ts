/** Bursts: how long a whole burst takes until every client has it. */
import { median } from '../median.ts'
import { msText } from '../words.ts'
import type { ScenarioColumn } from './columns.ts'
import { valuesOf } from './deliveries.ts'
import type { DeliveryTable } from './deliveries.ts'

export interface BurstFigures {
  readonly name: 'burst'
  /** For each burst that has arrived completely: the time until every client had all of its messages. */
  readonly wholeMs: readonly number[]
  /** Bursts with a message that has not arrived. */
  readonly incomplete: number
}

export function burstFigures(table: DeliveryTable): BurstFigures {
  const { messages, clients } = table
  const wholeMs: number[] = []
  let bursts = 0
  for (let from = 0, to = 0; from < messages.length; from = to) {
    while (to < messages.length && messages[to]?.dueMs === messages[from]?.dueMs) to += 1
    const delays = valuesOf(table, table.delayMs, { from, to })
    bursts += 1
    if (delays.length === (to - from) * clients) wholeMs.push(delays.at(-1) ?? 0)
  }
  return { name: 'burst', wholeMs, incomplete: bursts - wholeMs.length }
}

export const burstColumns: readonly ScenarioColumn<BurstFigures>[] = [
  { title: 'bursts', text: (all) => String(all.reduce((sum, one) => sum + one.wholeMs.length + one.incomplete, 0)) },
  { title: 'incomplete', text: (all) => String(all.reduce((sum, { incomplete }) => sum + incomplete, 0)) },
  { title: 'whole burst p50 ms', isDelay: true, text: (all) => msText(median(timesOf(all))) },
  { title: 'whole burst max ms', isDelay: true, text: (all) => msText(Math.max(...timesOf(all))) },
]

export const BURST_NOTE =
  'whole burst: from the intended sending of a burst until every client has all of its messages.'

const timesOf = (all: readonly BurstFigures[]): readonly number[] => all.flatMap(({ wholeMs }) => wholeMs)
