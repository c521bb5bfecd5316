/** Collects this page's exchanges for a HAR file. */
import type { Inspected } from '../../server/protocol/wire.ts'
import { askedFor } from '../inspect/asked.ts'
import type { HarExchange } from '../inspect/har.ts'
import { see } from '../inspect/see.ts'
import { spansOf } from '../inspect/timing.ts'
import { now } from '../now.ts'
import type { SessionActs, SessionFacts } from '../session/session.ts'

const MINUTE_MS = 60_000

/** Returns the exchange as far as the page may see it, with the browser's times if the browser knows them. */
export function harExchange(session: SessionFacts, inspected: Inspected): HarExchange {
  const asked = session.lanes.map(({ marks }) => askedFor(inspected.exchange, marks)).find((found) => found !== null)
  return {
    inspected,
    seen: see(inspected, (id) => session.isOwn(id)),
    spans: spansOf(inspected, asked ?? null, session.clock.at(now())?.offsetMs ?? null),
  }
}

export interface Minute {
  readonly exchanges: readonly HarExchange[]
  /** Number of exchanges of which the server no longer keeps the bytes. */
  readonly missing: number
}

/**
 * Fetches, one after the other, every exchange of the page's lanes that was active in the last minute. Before each
 * exchange, calls `progress` with the number of fetched exchanges and the number of all exchanges. Rejects if the lab's
 * connection ends. If `signal` aborts, rejects with the signal's reason.
 */
export async function lastMinute(
  session: SessionFacts & SessionActs,
  signal: AbortSignal,
  progress: (done: number, all: number) => void,
): Promise<Minute> {
  const serverNowMs = now() + (session.clock.at(now())?.offsetMs ?? 0)
  const numbers = session.exchanges.since(serverNowMs - MINUTE_MS)
  const exchanges: HarExchange[] = []
  for (const [done, number] of numbers.entries()) {
    progress(done, numbers.length)
    // oxlint-disable-next-line no-await-in-loop -- the server inspects one exchange at a time for each page
    const inspected = await session.inspect(number)
    signal.throwIfAborted()
    if (inspected) exchanges.push(harExchange(session, inspected))
  }
  return { exchanges, missing: numbers.length - exchanges.length }
}
