/** Collects exchanges of this page for a HAR file. */
import type { Inspected } from '../../server/protocol/wire.ts'
import { askedFor } from '../inspect/asked.ts'
import type { HarExchange } from '../inspect/har.ts'
import { see } from '../inspect/see.ts'
import { spansOf } from '../inspect/timing.ts'
import { now } from '../now.ts'
import type { SessionActs, SessionFacts } from '../session/session.ts'

const MINUTE_MS = 60_000

/** The exchange as the page may see it, with the browser's times if they are known. */
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
  /** Number of exchanges whose bytes the server no longer keeps. */
  readonly missing: number
}

/**
 * Fetches every exchange of the page's lanes that was active during the last minute, one after the other. `progress`
 * gets the number of fetched exchanges before each of them, and the number of all. Rejects if the lab's connection
 * ends, or with the signal's reason if it is aborted.
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
