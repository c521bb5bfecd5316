/** Connects a board page as the sandbox does, with the student's rules for choosing a transport. The checks call it. */
import { EventSource } from 'eventsource'
import type { Cursor, TransportName } from '../../server/protocol/feed.ts'
import { startFallback, step } from '../../web/board/fallback.ts'
import type { TransportReport } from '../../web/board/fallback.ts'
import { createLine } from '../../web/board/line.ts'
import type { BoardLine } from '../../web/board/line.ts'
import { transports } from '../../web/transports/index.ts'

// Node has a WebSocket and a fetch of its own, and an EventSource only behind a flag.
Object.assign(globalThis, { EventSource })

// The sandbox's clock uses performance.now. Date and timers of this process are frozen, so this has to follow Date.
performance.now = () => Date.now() - performance.timeOrigin

/** Transports that the page uses under the student's rules. */
export interface Used {
  readonly current: TransportName
  readonly isLive: boolean
  readonly trial: TransportName | null
  readonly gaveUp: { readonly transport: TransportName; readonly trouble: string } | null
  /** Ids of the events that arrived. */
  readonly delivered: readonly Cursor[]
}

let line: BoardLine | null = null
let delivered: Cursor[] = []

export function open(origin: string, room: string, cursor: Cursor, only: TransportName | null): void {
  close()
  const person = { userId: 'ada', name: 'Ada', client: 'page' }
  line = createLine(
    { origin, room, lane: 'ada', transports, person: () => person, cursor: () => delivered.at(-1) ?? cursor },
    {
      // During a try, both transports deliver the same events.
      events: (events) => void delivered.push(...events.map(({ id }) => id).filter((id) => !delivered.includes(id))),
      gap() {},
      presence() {},
      changed() {},
    },
  )
  line.open(only)
}

export function used(): Used | null {
  if (!line) return null
  const { current, isLive, trial, gaveUp } = line.state
  return { current, isLive, trial, gaveUp, delivered }
}

export const withheld = (trouble: string): void => line?.withheld(trouble)

export function close(): void {
  line?.close()
  line = null
  delivered = []
}

/** The reports of one page, with their times, and the transports that it may use; null for all. */
export interface Reports {
  readonly order: readonly TransportName[] | null
  readonly reports: readonly (readonly [atMs: number, report: TransportReport])[]
}

export interface Decided extends Omit<Used, 'delivered'> {
  readonly sinceMs: number
  /** True if the rules changed the state that they got, instead of returning another one. */
  readonly hasChangedIt: boolean
}

/** Gives these reports to the rules, by turns if there are several pages. Returns the state of each page after each of its reports. */
export function decided(...pages: readonly Reports[]): readonly (readonly Decided[])[] {
  const states = pages.map(({ order, reports }) => {
    const state = startFallback(reports[0]?.[0] ?? 0)
    return order === null ? state : { ...state, order, current: order[0] ?? state.current }
  })
  const all: Decided[][] = pages.map(() => [])
  const most = Math.max(...pages.map(({ reports }) => reports.length))
  for (let i = 0; i < most; i++)
    for (const [page, { reports }] of pages.entries()) {
      const [state, report] = [states[page], reports[i]]
      if (!state || !report) continue
      const before = JSON.stringify(state)
      const next = step(state, report[1], report[0])
      const { current, isLive, sinceMs, trial, gaveUp } = next
      all[page]?.push({ current, isLive, sinceMs, trial, gaveUp, hasChangedIt: JSON.stringify(state) !== before })
      states[page] = next
    }
  return all
}
