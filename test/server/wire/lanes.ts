import type { Event, TransportName } from '../../../server/protocol/feed.ts'
import { transports } from '../../../web/transports/index.ts'
import type { State } from '../../../web/transports/transport.ts'
import type { Served } from '../../serve.ts'
import { until } from '../../until.ts'

export interface ConnectedLane {
  readonly name: TransportName
  readonly events: readonly Event[]
  readonly states: readonly State[]
  /** Time from `at` to the first line of the handler, in ms, in the order of the events. Both use the clock of this process. */
  latenciesMs(): readonly number[]
  /** Number of reconnects. */
  losses(): number
}

export interface ConnectedLanes extends Disposable, Record<TransportName, ConnectedLane> {
  readonly all: readonly ConnectedLane[]
}

/** Connects the browser side of each transport, from the earliest event on. */
export function openLanes(origin: string, intervalMs = 10): ConnectedLanes {
  const all = (Object.keys(transports) as TransportName[]).map((name) => openLane(name, origin, intervalMs))
  const entries = all.map((lane) => [lane.name, lane])
  const lanes: Record<TransportName, ConnectedLane> = Object.fromEntries(entries)
  return {
    ...lanes,
    all,
    [Symbol.dispose]() {
      for (const lane of all) lane.stop()
    },
  }
}

function openLane(name: TransportName, origin: string, intervalMs: number): ConnectedLane & { stop(): void } {
  const events: Event[] = []
  const states: State[] = []
  const latenciesMs: number[] = []
  const { stop } = transports[name].connect(
    { origin, room: 'lobby', after: '0', intervalMs, waitS: 5 },
    {
      events(more, receivedAtMs) {
        events.push(...more)
        latenciesMs.push(...more.map(({ at }) => receivedAtMs - at))
      },
      gap() {
        throw new Error(`${name} was told of a gap.`)
      },
      state: (state) => states.push(state),
    },
  )
  return {
    name,
    events,
    states,
    latenciesMs: () => latenciesMs,
    losses: () => states.filter(({ is }) => is === 'reconnecting').length,
    stop,
  }
}

/** Waits until a first event has passed over each lane, so that all lanes are open and wait for the next one. */
export async function warmUp(server: Served, lanes: readonly ConnectedLane[]): Promise<void> {
  await server.publish('0')
  await until('every lane has an event', () => lanes.every(({ events }) => events.length > 0))
}

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
