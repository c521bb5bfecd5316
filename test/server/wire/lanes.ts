import type { Event, TransportName } from '../../../server/protocol.ts'
import { transports } from '../../../web/transports/index.ts'
import type { State } from '../../../web/transports/transport.ts'
import type { Served } from '../../serve.ts'
import { until } from '../../until.ts'

export interface Lane {
  readonly name: TransportName
  readonly events: readonly Event[]
  readonly states: readonly State[]
  /** From `at` to the handler's first line, in ms, in the order of the events. One process has one clock. */
  latenciesMs(): readonly number[]
  /** How often it had to come back. */
  losses(): number
}

export interface Lanes extends Disposable, Record<TransportName, Lane> {
  readonly all: readonly Lane[]
}

/** Each transport's browser side, from the earliest event on. */
export function openLanes(origin: string, intervalMs = 10): Lanes {
  const lanes = {
    'short-poll': openLane('short-poll', origin, intervalMs),
    'long-poll': openLane('long-poll', origin, intervalMs),
    sse: openLane('sse', origin, intervalMs),
    ws: openLane('ws', origin, intervalMs),
  }
  const all = Object.values(lanes)
  return {
    ...lanes,
    all,
    [Symbol.dispose]() {
      for (const lane of all) lane.stop()
    },
  }
}

function openLane(name: TransportName, origin: string, intervalMs: number): Lane & { stop(): void } {
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

/** A first event has gone over each lane: all of them are up, and what is published next finds them waiting. */
export async function warmUp(server: Served, lanes: readonly Lane[]): Promise<void> {
  await server.publish('0')
  await until('all lanes are up', () => lanes.every(({ events }) => events.length > 0))
}

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
