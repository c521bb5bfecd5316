import packageJson from '../package.json' with { type: 'json' }
import type { Feed } from './feed/feed.ts'
import type { App } from './transports/transport.ts'

const schema = { summary: 'Is it up, since when, in which version, and does the event log take writes?' }

/**
 * `GET /health`: 200 as long as the server answers. Where the log takes no writes it says so and
 * `degraded`, still with 200: reading goes on, and no restart makes room on a disk.
 */
export function serveHealth(app: App, feed: Feed, logTrouble: () => string | null): void {
  app.get('/health', { schema }, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    const trouble = logTrouble()
    return {
      status: trouble === null ? 'ok' : 'degraded',
      log: trouble ?? 'ok',
      version: packageJson.version,
      epoch: feed.epoch,
      node: process.version,
      uptimeS: Math.round(process.uptime()),
    }
  })
}
