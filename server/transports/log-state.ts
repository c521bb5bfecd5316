import type { LogState } from '../protocol/feed.ts'

/** Returns the message about a fault of the event log, or about the end of a fault. */
export const logState = (trouble: string | null): LogState =>
  trouble === null ? { type: 'restored' } : { type: 'degraded', reason: trouble }
