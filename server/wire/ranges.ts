/** Which conditions there are, and how far each goes. */
import type { Conditions } from '../protocol.ts'

export const NEUTRAL: Conditions = {
  latencyMs: 0,
  jitterMs: 0,
  bandwidthBytesPerSecond: 0,
  lossRate: 0,
  bufferingBytes: 0,
  bufferingMs: 0,
  bufferingObeysHeader: false,
  slowReaderBytesPerSecond: 0,
  idleCutMs: 0,
  firewall: false,
}

/** Every number may be 0, which is no condition; else it lies from `from` to `to`. */
export interface Range {
  readonly from: number
  readonly to: number
}

type NumberName = { [Name in keyof Conditions]: Conditions[Name] extends number ? Name : never }[keyof Conditions]

/** The page itself goes over the same wire: within these it stays usable enough to take them back. */
export const RANGES: Record<NumberName, Range> = {
  latencyMs: { from: 0, to: 2000 },
  jitterMs: { from: 0, to: 2000 },
  bandwidthBytesPerSecond: { from: 1000, to: 1_000_000_000 },
  lossRate: { from: 0, to: 0.5 },
  bufferingBytes: { from: 1, to: 1_048_576 },
  bufferingMs: { from: 1, to: 60_000 },
  slowReaderBytesPerSecond: { from: 100, to: 1_000_000 },
  idleCutMs: { from: 500, to: 600_000 },
}

export function areEqual(some: Conditions, others: Conditions): boolean {
  return Object.entries(some).every(([name, value]) => others[name as keyof Conditions] === value)
}

/** Nothing for a link to do. Without a number of bytes nothing is held back, whatever else is said of it. */
export const isNeutral = (conditions: Conditions): boolean =>
  areEqual({ ...conditions, bufferingMs: 0, bufferingObeysHeader: false }, NEUTRAL)
