/**
 * Figures of a lane's delays as far as they are known. Without a clock, a page knows when a message arrived but not
 * when it was published.
 */
import type { Quantile } from '../measure/latency.ts'
import { now } from '../now.ts'
import type { Lane } from '../lane/lane.ts'
import type { SessionFacts } from './session.ts'

/** Greatest error of the offset between the page's clock and the server's; null while no clock is known. */
export function clockBoundMs({ clock }: Pick<SessionFacts, 'clock'>): number | null {
  return clock.at(now())?.boundMs ?? null
}

/** Quantile of a lane's latencies; null while nothing is measured or no clock is known. */
export function quantileOf(
  session: Pick<SessionFacts, 'clock'>,
  { latencies }: Pick<Lane, 'latencies'>,
  p: number,
): Quantile | null {
  return clockBoundMs(session) === null ? null : latencies.quantile(p)
}

/** Time since the newest message was published; null if the lane has none, or no clock is known. */
export function ageMs({ clock }: Pick<SessionFacts, 'clock'>, { latest }: Pick<Lane, 'latest'>): number | null {
  const reading = clock.at(now())
  return latest && reading ? now() - latest.event.at + reading.offsetMs : null
}
