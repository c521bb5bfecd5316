/** Neutral network conditions, and the allowed range of each condition. */
import type { Conditions } from '../../protocol/lab.ts'

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

/** Range of a condition. The value 0 is always allowed and switches the condition off. */
export interface AllowedRange {
  readonly from: number
  readonly to: number
}

type NumberName = { [Name in keyof Conditions]: Conditions[Name] extends number ? Name : never }[keyof Conditions]

/**
 * Allowed values of each condition. The conditions also affect the page that sets them. Within these ranges the page
 * still works, so that a user can reset the conditions.
 */
export const RANGES: Record<NumberName, AllowedRange> = {
  latencyMs: { from: 0, to: 2000 },
  jitterMs: { from: 0, to: 2000 },
  bandwidthBytesPerSecond: { from: 1000, to: 1_000_000_000 },
  lossRate: { from: 0, to: 0.5 },
  bufferingBytes: { from: 1, to: 1_048_576 },
  bufferingMs: { from: 1, to: 60_000 },
  slowReaderBytesPerSecond: { from: 100, to: 1_000_000 },
  idleCutMs: { from: 500, to: 600_000 },
}

export function areEqual(a: Conditions, b: Conditions): boolean {
  return Object.entries(a).every(([name, value]) => b[name as keyof Conditions] === value)
}

/**
 * Returns true if these conditions change nothing, so that a connection needs no link. If `bufferingBytes` is 0,
 * `bufferingMs` and `bufferingObeysHeader` have no effect.
 */
export const isNeutral = (conditions: Conditions): boolean =>
  areEqual({ ...conditions, bufferingMs: 0, bufferingObeysHeader: false }, NEUTRAL)
