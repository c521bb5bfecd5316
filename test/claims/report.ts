/** The result as data, for --json, for --html and for the text. */
import type { MeasuringMachine } from '../compare/report.ts'
import type { ClaimText, ClaimFinding } from './claim.ts'

export interface ClaimsReport {
  readonly version: string
  readonly startedAt: string
  /** Duration of the whole run. */
  readonly seconds: number
  readonly isQuick: boolean
  readonly machine: Omit<MeasuringMachine, 'isPinned'>
  readonly claims: readonly CheckedClaim[]
}

/** Text of a claim, with the finding of this run. */
export interface CheckedClaim extends ClaimText, ClaimFinding {
  /** Mean number of processes that wanted to run in the minute before the measurement. */
  readonly load: number
}
