/** Connects a board page as the sandbox does, with the student's rules for choosing a transport. The checks call it. */
import { EventSource } from 'eventsource'
import type { Cursor, TransportName } from '../../server/protocol/feed.ts'
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
