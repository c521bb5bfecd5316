/** Draws a bar across the top of the page while the server does not answer. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { now } from '../now.ts'
import type { SessionFacts } from '../session/session.ts'

/** During this time, the cause may be a restart that is over before the bar could be read. */
const PATIENCE_MS = 1200

export function trouble(session: SessionFacts): TemplateResult | typeof nothing {
  const { unreachableSinceMs } = session
  if (unreachableSinceMs === null || now() - unreachableSinceMs < PATIENCE_MS) return nothing
  return bar(
    'The server does not answer.',
    'Start it again (npm start) or look at the network. The lanes keep trying, and go on from their cursors.',
  )
}

/** Draws a notice while no WebSocket gets through. It has its own row, because the state can last. */
export function withoutWebSocket({ isWithoutWebSocket }: SessionFacts): TemplateResult | typeof nothing {
  if (!isWithoutWebSocket) return nothing
  return html`<p class="notice" role="status">
    <b>No WebSocket gets through to the server.</b> All that goes over plain HTTP works, the metronome too. A proxy in
    between has to pass the upgrade on, in nginx by
    <code>proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;</code>
  </p>`
}

function bar(what: string, remedy: string): TemplateResult {
  return html`<p class="trouble" role="alert"><b>${what}</b> ${remedy}</p>`
}
