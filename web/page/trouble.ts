/** Draws a bar across the top of the page while the server does not answer. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { now } from '../now.ts'
import type { SessionFacts } from '../session/session.ts'

/**
 * Time before the bar appears. A restart of the server takes less time, so nobody could read a bar that appears at
 * once.
 */
const PATIENCE_MS = 1200

export function trouble(session: SessionFacts): TemplateResult | typeof nothing {
  const { unreachableSinceMs } = session
  if (unreachableSinceMs === null || now() - unreachableSinceMs < PATIENCE_MS) return nothing
  return bar(
    'The server does not answer.',
    'Start it again (npm start), or check the network. The lanes keep trying, and resume from their cursors.',
  )
}

/** Draws a notice while the network refuses WebSockets. This state can last, so the notice has a row of its own. */
export function withoutWebSocket({ isWithoutWebSocket }: SessionFacts): TemplateResult | typeof nothing {
  if (!isWithoutWebSocket) return nothing
  return html`<p class="notice" role="status">
    <b>No WebSocket gets through to the server.</b> Everything that uses plain HTTP works, also the metronome. A proxy
    in front of the server has to pass the upgrade on. For nginx, add these lines:
    <code>proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;</code>
  </p>`
}

function bar(what: string, remedy: string): TemplateResult {
  return html`<p class="trouble" role="alert"><b>${what}</b> ${remedy}</p>`
}
