/** Predictions of the model for each lane under the current settings. */
import type { Expectation, ModelInputs } from '../measure/model.ts'
import { expectedCost } from '../lab/cost.ts'
import type { Lane } from '../lane/lane.ts'
import { holdsBack } from './network.ts'
import type { Forecast, SessionFacts } from './session.ts'
import { transports } from '../transports/index.ts'

/** The members of the session that the forecast needs. */
type Known = Pick<SessionFacts, 'conditions' | 'roundTripMs' | 'intervalMs' | 'waitS' | 'ratePerSecond'>

/** Creates the forecast. `serviceMs` is the time that the server itself takes; null until it has reported it. */
export function createForecast(known: () => Known, serviceMs: () => number | null): Forecast {
  return {
    isHeldBack,
    expected(lane): Expectation | null {
      const conditions = modelled(lane)
      return conditions && transports[lane.transport].model.delay(conditions)
    },
    expectedBytes(lane) {
      const conditions = modelled(lane)
      return conditions && expectedCost(lane, conditions)
    },
  }

  function isHeldBack({ transport }: Lane): boolean {
    return holdsBack(known().conditions, transport)
  }

  function isSocket({ transport }: Lane): boolean {
    return transports[transport].kind === 'socket'
  }

  function modelled(lane: Lane): ModelInputs | null {
    const { conditions, roundTripMs, intervalMs, waitS, ratePerSecond } = known()
    // The model covers neither a buffering proxy nor a firewall that refuses the lane.
    if (roundTripMs === null || isHeldBack(lane) || (conditions?.firewall && isSocket(lane))) return null
    return { intervalMs, waitS, roundTripMs, serviceMs: serviceMs() ?? 0, ratePerSecond: ratePerSecond ?? 1 }
  }
}
