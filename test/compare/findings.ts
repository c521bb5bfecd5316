import type { Findings } from '../../server/protocol/comparison.ts'
import type { Report } from './report.ts'
import { fittingOf } from './verdict.ts'

/** Returns the part of a report that a page compares with the prediction of the model. */
export function findingsOf({ results, verdict }: Report): Findings {
  return {
    verdict,
    fits: fittingOf(results),
    transports: results.map(({ transport, delay, bytes, doubt }) => ({
      transport,
      p95Ms: delay.p95?.ms ?? null,
      bytes,
      doubt,
    })),
  }
}
