/** Predicts each lane's figures under the current settings. */
import type { ModelInputs } from '../measure/model.ts'
import { expectedCost } from '../lab/cost.ts'
import type { Lane } from '../lane/lane.ts'
import { holdsBack } from './network.ts'
import type { ServerClock } from './server-clock.ts'
import type { Forecast, SandboxSession } from './session.ts'
import { transports } from '../transports/index.ts'

export function createForecast(
  session: Pick<SandboxSession, 'conditions' | 'intervalMs' | 'waitS' | 'ratePerSecond'>,
  clock: Pick<ServerClock, 'roundTripMs' | 'serviceMs'>,
): Forecast {
  return {
    isHeldBack,
    expected(lane) {
      const inputs = inputsOf(lane)
      return inputs && transports[lane.transport].model.delay(inputs)
    },
    expectedBytes(lane) {
      const inputs = inputsOf(lane)
      return inputs && expectedCost(lane, inputs)
    },
  }

  function isHeldBack({ transport }: Lane): boolean {
    return holdsBack(session.conditions, transport)
  }

  /**
   * Returns the inputs of the model; null if the model does not cover the lane, because a proxy buffers the lane or a
   * firewall refuses it.
   */
  function inputsOf(lane: Lane): ModelInputs | null {
    const { conditions, intervalMs, waitS, ratePerSecond } = session
    const roundTripMs = clock.roundTripMs()
    const isRefused = conditions?.firewall && transports[lane.transport].kind === 'socket'
    if (roundTripMs === null || isHeldBack(lane) || isRefused) return null
    return { intervalMs, waitS, roundTripMs, serviceMs: clock.serviceMs ?? 0, ratePerSecond: ratePerSecond ?? 1 }
  }
}
