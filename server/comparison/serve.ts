/** Routes of the comparison that the instructor starts on the server's machine, for the page that chooses a transport. */
import type { Access } from '../access/access.ts'
import type { App } from '../http/app-type.ts'
import { FeedError } from '../http/errors.ts'
import type { ComparisonState } from '../protocol/comparison.ts'
import { createComparison } from './comparison.ts'
import type { ComparisonParts } from './comparison.ts'
import { WorkloadBody, readMeasuredWorkload } from './workload.ts'

const config = { access: 'instructor', why: 'A comparison uses the processors of the server\u2019s machine.' } as const

const schemas = {
  read: { summary: 'The running comparison, the result of the last one, and the limits' },
  report: { summary: 'The report of the last comparison, as HTML' },
  start: {
    summary: 'Measure a workload with many clients on the server\u2019s machine; for the instructor',
    body: WorkloadBody,
  },
  cancel: { summary: 'End the running comparison; for the instructor' },
}

/**
 * Headers of the report. A page shows the report in a frame. The report has its style inside and no script, and the
 * sandbox gives it none of the rights of this server's pages.
 */
const REPORT_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox",
  // A page of this server may only contain frames with this header.
  'cross-origin-embedder-policy': 'require-corp',
}

/** When the app closes, the running comparison ends. */
export function serveComparison(app: App, access: Pick<Access, 'isInstructor'>, parts: ComparisonParts): void {
  const comparison = createComparison(parts)

  app.get('/comparison', { schema: schemas.read, config: { access: 'class' } }, async ({ raw }, reply) => {
    reply.header('cache-control', 'no-store')
    const state: ComparisonState = { ...comparison.state, mayStart: access.isInstructor(raw) }
    return state
  })

  app.get('/comparison/report', { schema: schemas.report, config: { access: 'class' } }, async (_request, reply) => {
    const { report } = comparison
    if (report === null) throw new FeedError('no-comparison', 'No comparison has ended with a report.')
    return reply.headers(REPORT_HEADERS).send(report)
  })

  app.post(
    '/comparison',
    { schema: schemas.start, attachValidation: true, config },
    async ({ raw, body }, reply): Promise<ComparisonState> => {
      comparison.start(readMeasuredWorkload(body))
      reply.code(202).header('cache-control', 'no-store')
      return { ...comparison.state, mayStart: access.isInstructor(raw) }
    },
  )

  app.delete('/comparison', { schema: schemas.cancel, config }, async (_request, reply) => {
    await comparison.cancel()
    return reply.code(204).send()
  })

  app.addHook('preClose', () => comparison.stop())
}
