import packageJson from '../../package.json' with { type: 'json' }
import type { Log } from '../feed/log.ts'
import type { App } from './app-type.ts'

const schema = { summary: 'Health of the server: its version, its uptime, and whether the event log accepts writes' }

/**
 * Serves `GET /health`. The status is 200 as long as the server runs. If the event log refuses writes, the response
 * contains `degraded` and the reason. The status is still 200, because clients can still read and a restart would not
 * free space on a full disk. `worker`: number of this process; undefined if one process is the whole server.
 */
export function serveHealth(
  app: App,
  log: Pick<Log, 'epoch' | 'connections'>,
  logTrouble: () => string | null,
  worker?: number,
): void {
  app.get('/health', { schema, config: { access: 'anyone' } }, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    const trouble = logTrouble()
    const connections = log.connections?.()
    return {
      status: trouble === null ? 'ok' : 'degraded',
      log: trouble ?? 'ok',
      ...(connections && { redis: { commands: connections.commands ?? 'ok', events: connections.events ?? 'ok' } }),
      ...(worker !== undefined && { worker }),
      version: packageJson.version,
      epoch: log.epoch,
      node: process.version,
      uptimeS: Math.round(process.uptime()),
    }
  })
}
