import type { Report } from '../report.ts'
import type { AnswerSummary } from './summary.ts'

/** The result as data, for --json and --html. */
export interface AnswerReport extends Pick<
  Report,
  'version' | 'startedAt' | 'machine' | 'workload' | 'verdict' | 'changes' | 'broken'
> {
  readonly results: readonly AnswerSummary[]
}
