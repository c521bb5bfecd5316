/** What the model says of each lane under the settings that hold. */
import { expected } from '../measure/model.ts'
import type { Conditions, Expectation } from '../measure/model.ts'
import { expectedCost } from './cost.ts'
import type { Lane } from './lane.ts'
import { holdsStreams } from './network.ts'
import type { Session } from './session.ts'

export type Forecast = Pick<Session, 'isHeldBack' | 'expected' | 'expectedBytes'>

/** What it needs to know of the session. */
type Known = Pick<Session, 'conditions' | 'roundTripMs' | 'intervalMs' | 'waitS' | 'ratePerSecond'>

/** `serviceMs`: what the server itself takes; null where it has not told. */
export function createForecast(known: () => Known, serviceMs: () => number | null): Forecast {
  return {
    isHeldBack,
    expected(lane): Expectation | null {
      const conditions = modelled(lane)
      return conditions && expected(lane.transport, conditions)
    },
    expectedBytes(lane) {
      const conditions = modelled(lane)
      return conditions && expectedCost(lane, conditions)
    },
  }

  function isHeldBack({ transport }: Lane): boolean {
    const { conditions } = known()
    return transport === 'sse' && conditions !== null && holdsStreams(conditions)
  }

  function modelled(lane: Lane): Conditions | null {
    const { conditions, roundTripMs, intervalMs, waitS, ratePerSecond } = known()
    // What waits until a buffer is full or a proxy lets it through, the model does not know.
    if (roundTripMs === null || isHeldBack(lane) || (lane.transport === 'ws' && conditions?.firewall)) return null
    return { intervalMs, waitS, roundTripMs, serviceMs: serviceMs() ?? 0, ratePerSecond: ratePerSecond ?? 1 }
  }
}
