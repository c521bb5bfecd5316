/** Adapter for Fourwire whose long poll waits for `intervalMs` before its next request. */
import { markIn } from '../compare/adapter.ts'
import type { Adapter } from '../compare/adapter.ts'
import { fourwire } from '../compare/adapters/fourwire.ts'
import { openPoll } from '../compare/clients/poll.ts'

export const adapter: Adapter = {
  ...fourwire,
  name: 'held',
  connect(target, client) {
    if (target.transport !== 'long-poll' || target.intervalMs === 0) return fourwire.connect(target, client)
    const { url, run, waitS, intervalMs } = target
    const path = `/feed/compare-${run}/long-poll`
    const address = (cursor: string | null): URL =>
      new URL(cursor === null ? path : `${path}?wait=${waitS}&after=${cursor}`, url)
    return openPoll({ address, pauseMs: intervalMs, hasCursor: true, match: markIn }, client)
  },
}
