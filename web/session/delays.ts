/**
 * Returns figures of a lane's delays as far as the page knows them. A page that does not know the server's clock knows
 * when a message arrived, but not when the server published it.
 */
import type { Quantile } from '../measure/latency.ts'
import { now } from '../now.ts'
import type { Lane } from '../lane/lane.ts'
import type { SessionFacts } from './session.ts'

/**
 * Returns the greatest error of the offset between the page's clock and the server's clock; null while the page does
 * not know the offset.
 */
export function clockBoundMs({ clock }: Pick<SessionFacts, 'clock'>): number | null {
  return clock.at(now())?.boundMs ?? null
}

/**
 * Returns a quantile of a lane's latencies; null before the lane has measured one, or while the page does not know the
 * server's clock.
 */
export function quantileOf(
  session: Pick<SessionFacts, 'clock'>,
  { latencies }: Pick<Lane, 'latencies'>,
  p: number,
): Quantile | null {
  return clockBoundMs(session) === null ? null : latencies.quantile(p)
}

/**
 * Returns how long ago the server published the lane's newest message; null if the lane has no message, or while the
 * page does not know the server's clock.
 */
export function ageMs({ clock }: Pick<SessionFacts, 'clock'>, { latest }: Pick<Lane, 'latest'>): number | null {
  const reading = clock.at(now())
  return latest && reading ? now() - latest.event.at + reading.offsetMs : null
}
