import { now } from '../now.ts'
import type { Event, ServerTimeMs } from '../protocol/feed.ts'
import type { Reader } from './observed-feed.ts'

/**
 * Counts the deliveries of the same events to many clients together, after the last delivery. If the server counted
 * each delivery separately, a delivery to a thousand clients would take about 7 % longer (`npm run bench:fanout`).
 *
 * `report` gets the events, the number of clients, and the times of the first and the last delivery. The log had
 * committed the first `history` events before the clients came. The deliveries directly follow one another, so their
 * times are evenly spread.
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
    // Other clients may have a different history, so `report` gets this client separately.
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
