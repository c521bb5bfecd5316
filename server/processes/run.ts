/** Starts the server in this process. */
import { createAccess } from '../access/access.ts'
import { readRoster } from '../access/roster.ts'
import { sessionFile } from '../access/session-file.ts'
import type { AuthOptions } from '../access/session-routes.ts'
import { readProxies } from '../access/trusted-proxies.ts'
import { createApp } from '../app.ts'
import { RETENTION } from '../feed/log.ts'
import type { Log } from '../feed/log.ts'
import { memoryLog } from '../feed/memory-log.ts'
import { sqliteLog } from '../feed/sqlite-log.ts'
import type { App } from '../http/app-type.ts'
import type { Kit } from '../lessons/kit.ts'
import { showFile } from '../show/show-file.ts'
import { listenTrouble } from '../start/addresses.ts'
import type { RunningServer } from './running.ts'
import type { ServerSettings, SignIn } from './settings.ts'

export interface RunOptions {
  /** Addresses on which other programs listen on the same port. */
  readonly others: Promise<readonly string[]>
  /** Number of this worker. Undefined if one process is the whole server. */
  readonly worker?: number
  /** The kit that has started this server for a lesson. Default: none. */
  readonly kit?: Kit | undefined
  /** Called with each sentence about the event log that the person who starts the server should read. */
  report(sentence: string): void
}

/**
 * Number of connections that may wait until the server accepts them. The kernel drops further ones, and their clients try
 * again only after one second, then two, then four. So a small number makes some clients late when thousands of them
 * return at once after a restart. Linux limits the number to `net.core.somaxconn`. Default of Node: 511.
 */
const BACKLOG = 16_384

/**
 * Time limit of the shutdown. The goodbyes take milliseconds; after the time limit, the server closes the remaining
 * connections.
 */
const SHUTDOWN_MS = 1500

/** Starts the server. Rejects with an error for the person who starts it. */
export async function runServer(
  settings: ServerSettings,
  { worker, others, kit, report }: RunOptions,
): Promise<RunningServer> {
  const { data, trustProxy } = settings
  const log = await logOf(settings, report)
  let joinAt: readonly string[] = []
  const app = await createApp({
    log,
    access: createAccess({
      ...settings,
      auth: authOf(settings.signIn),
      // With Redis, the sessions are in Redis, where the other processes find them.
      sessionFile: log.peers || data === ':memory:' ? null : sessionFile(data.replace(/(\.\w+)?$/, '.sessions.json')),
      peers: log.peers,
    }),
    limits: settings.limits && {},
    trustProxy: trustProxy === undefined ? undefined : readProxies(trustProxy),
    wire: settings.wire,
    logLevel: settings.log,
    worker,
    kit,
    joinAddresses: () => joinAt,
    scenes: settings.scenes,
    showFile: data === ':memory:' ? null : showFile(data),
  })
  await listen(app, settings, await others)

  return {
    port: portOf(app) ?? settings.port,
    joinAt: (addresses) => void (joinAt = addresses),
    async end(why) {
      app.log.info({ signal: why }, 'stopping')
      setTimeout(() => app.server.closeAllConnections(), SHUTDOWN_MS).unref()
      await app.close()
      app.log.info('stopped')
    },
    endNow: () => {},
  }
}

async function logOf({ redis, redisReplicas, data }: ServerSettings, report: (sentence: string) => void): Promise<Log> {
  if (redis !== undefined) {
    // Load this module only with `--redis`, so that a server without Redis loads nothing of it.
    const { redisLog } = await import('../redis/redis-log.ts')
    return redisLog(redis, RETENTION, report, redisReplicas)
  }
  return data === ':memory:' ? memoryLog() : sqliteLog(data, RETENTION, report)
}

function authOf(signIn: SignIn | undefined): AuthOptions | undefined {
  if (signIn === undefined || 'password' in signIn) return signIn
  const { text, file } = signIn.roster
  return { roster: readRoster(text, file) }
}

async function listen(app: App, { host, port }: ServerSettings, others: readonly string[]): Promise<void> {
  try {
    await app.listen({ host, port, backlog: BACKLOG, listenTextResolver: (address) => `listening at ${address}` })
  } catch (cause) {
    await app.close()
    throw new Error(listenTrouble(cause, host, port, others), { cause })
  }
}

/** Returns the port that the server listens on. If the chosen port was 0, the system has chosen a free port. */
function portOf(app: App): number | undefined {
  const bound = app.server.address()
  return typeof bound === 'object' ? bound?.port : undefined
}
