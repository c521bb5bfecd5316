import { now } from '../now.ts'
import type { Event, ServerTimeMs } from '../protocol/feed.ts'
import type { Reader } from './observed-feed.ts'

/**
 * Counts the deliveries of the same events to many clients together, at the end of the turn. To count each delivery
 * separately would cost about 7 % of a delivery to a thousand clients (`npm run bench:fanout`).
 *
 * `report`: gets the events, how many of the first events are history, the number of clients, and the times of
 * the first and the last delivery. The deliveries in between are evenly spread, because they follow one another directly.
 */
export function countTogether(
  report: (
    events: readonly Event[],
    history: number,
    clients: number,
    fromMs: ServerTimeMs,
    toMs: ServerTimeMs,
  ) => void,
): Reader['delivered'] {
  let counted: readonly Event[] = []
  let clients = 0
  let fromMs = 0

  return (events, history) => {
    if (events.length === 0) return
    // Other clients may have a different history, so this client is counted separately.
    if (history > 0) return report(events, history, 1, now(), now())
    if (events !== counted) {
      flush()
      counted = events
      fromMs = now()
      queueMicrotask(flush)
    }
    clients += 1
  }

  function flush(): void {
    if (clients > 0) report(counted, 0, clients, fromMs, now())
    counted = []
    clients = 0
  }
}
