/** States whether a measurement in the browser supports the answer of the page. */
import type { TransportName } from '../../server/protocol/feed.ts'
import { isClose, namesOf } from './advice.ts'
import type { Advice } from './advice.ts'
import { ANSWERS } from './agreement.ts'
import type { LaneMeasurement } from './agreement.ts'
import type { ByTransport, Predicted } from './choosing.ts'
import type { MeasurementPlan } from './plan.ts'
import { rounded } from './reasons.ts'
import type { Workload } from './workload.ts'

export interface MeasuredCosts {
  readonly measured: ByTransport<LaneMeasurement | null>
  /** Predictions for the same run. They state which transports cannot do the task, and what writing costs. */
  readonly predicted: ByTransport<Predicted>
  readonly of: Workload
  readonly plan: Pick<MeasurementPlan, 'changes'>
}

/** Returns a sentence. It compares only lanes with enough messages. */
export function supportFor(
  { measured, predicted, of, plan }: MeasuredCosts,
  { transport }: Pick<Advice, 'transport'>,
  labelOf: (name: TransportName) => string,
): string {
  if (transport === null) return 'No transport can do this task, so there is nothing to compare.'
  if (plan.changes.length > 0 || of.http !== '1.1')
    return 'The measurement differs from your workload, so it tests the model and not the answer.'
  const costs = namesOf(measured).flatMap((name) => {
    const lane = measured[name]
    if (lane === null || lane.messages < ANSWERS || predicted[name].out !== null) return []
    return [{ name, cost: lane.bytesPerSecond + predicted[name].writingPerSecond }]
  })
  const own = costs.find(({ name }) => name === transport)
  const [least] = costs.toSorted((one, other) => one.cost - other.cost)
  if (!own || !least) return 'Too few messages arrived to support the answer or to contradict it.'
  const figures =
    own === least
      ? `${labelOf(transport)} needed the fewest bytes, ${rounded(own.cost)} a second.`
      : `${labelOf(transport)} needed ${rounded(own.cost)} bytes a second, and the least was ${rounded(least.cost)} (${labelOf(least.name)}).`
  return isClose(own.cost, least.cost, of.clients)
    ? `The measurement supports the answer: ${figures}`
    : `The measurement does not support the answer: ${figures}`
}
