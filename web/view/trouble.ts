/** The bar across the top of the page, for as long as the page as a whole gets nothing. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { now } from '../now.ts'
import type { Session } from '../state/session.ts'

/** Sooner it may be a restart that is over before it is read. */
const PATIENCE_MS = 1200

export function trouble(session: Session): TemplateResult | typeof nothing {
  const { unreachableSinceMs, resting } = session
  if (resting === 'offline')
    return bar('This browser is offline.', 'All lanes rest, and go on from their cursors when the network is back.')
  if (unreachableSinceMs === null || now() - unreachableSinceMs < PATIENCE_MS) return nothing
  return bar(
    'The server does not answer.',
    'Start it again (npm start) or look at the network. The lanes keep trying and go on from their cursors: nothing is lost.',
  )
}

function bar(what: string, remedy: string): TemplateResult {
  return html`<p class="trouble" role="alert"><b>${what}</b> ${remedy}</p>`
}
