/**
 * Connections to Redis. A connection belongs to one run of Redis, because it ends when Redis ends. So a command that is
 * sent over a connection reaches the run that `run` returns, and no other. No command is sent again over a later
 * connection: the log decides itself what to do after a failure.
 */
import { Redis } from 'ioredis'
import { LAYOUT, LAYOUT_KEY } from './redis-scripts.ts'

export interface RedisConnection {
  readonly client: Redis
  /** Returns the id of the run of Redis with which this connection is connected. Returns null if there is none. */
  run(): string | null
  /** Returns the end of a sentence that says why commands cannot be sent. Returns null if they can be sent. */
  trouble(): string | null
  /** Ends the connection and opens another one. Commands without a reply fail. */
  renew(): void
  close(): void
}

export interface ConnectionListeners {
  /**
   * Called for each new connection before it is used, with the id of the run of Redis. If the promise rejects, the
   * connection is not used.
   */
  prepare(client: Redis, run: string): Promise<unknown>
  ready(run: string): void
  failed(error: unknown): void
}

/** Time in which Redis must accept a connection, and reply to a command that does not wait for entries. */
export const REPLY_MS = 2000

/** Longest pause between two attempts to connect. */
const AGAIN_MS = 500

/**
 * Oldest version that the tests use. Redis before 6.2 cannot trim a stream by the number of an event, and Redis before
 * 7.0 replicates some scripts by their text.
 */
const OLDEST_MAJOR = 7

/** The connection throws this error if the same Redis can never be used, so that another attempt does not help. */
class RedisUnusable extends Error {}

/**
 * Opens a connection, and opens it again whenever it ends. `silentMs`: time without a reply after which the connection
 * counts as dead, for example because a firewall has forgotten it.
 */
export function openConnection(url: string, silentMs: number, listeners: ConnectionListeners): RedisConnection {
  const client = new Redis(url, {
    // A queue would send a command to the next run of Redis, after the log has said that the command has failed.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // A new connection is checked before it listens. A connection that listens cannot send the commands of the check.
    autoResubscribe: false,
    // Without this 0, ioredis keeps the commands of a connection that has ended, and their promises never settle.
    maxRetriesPerRequest: 0,
    connectTimeout: REPLY_MS,
    socketTimeout: silentMs,
    retryStrategy: (attempt) => Math.min(20 * attempt, AGAIN_MS),
    protocol: 2,
    disableClientInfo: true,
    connectionName: 'fourwire',
  })
  let run: string | null = null
  let why = 'it does not reply.'
  let closed = false
  let again: ReturnType<typeof setTimeout> | undefined
  client.on('error', failed)
  client.on('close', () => (run = null))
  client.on('ready', () => void begin())

  return {
    client,
    run: () => run,
    trouble: () => (run === null ? why : null),
    renew,
    close() {
      closed = true
      clearTimeout(again)
      run = null
      client.disconnect()
    },
  }

  async function begin(): Promise<void> {
    const { stream } = client
    try {
      const found = await checkServer(client)
      await listeners.prepare(client, found)
      // If the connection has ended in the meantime, its run of Redis may have ended too.
      if (client.stream !== stream || client.status !== 'ready') return
      run = found
      why = CUT
      listeners.ready(found)
    } catch (error) {
      failed(error)
      // The connection itself works, so another one would be there within milliseconds, and fail in the same way.
      if (client.stream === stream) again = setTimeout(() => client.stream === stream && renew(), AGAIN_MS)
    }
  }

  function failed(error: unknown): void {
    why = redisTrouble(error)
    listeners.failed(error)
  }

  function renew(): void {
    run = null
    if (!closed) client.disconnect(true)
  }
}

/** Returns the id of the run of this Redis. Throws `RedisUnusable` if this Redis cannot be used. */
async function checkServer(client: Redis): Promise<string> {
  const info = await client.info()
  const of = (field: string): string => new RegExp(`^${field}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? ''
  const version = of('redis_version')
  if (Number(version.split('.')[0]) < OLDEST_MAJOR)
    throw new RedisUnusable(
      `it is Redis ${version}. Fourwire needs Redis 7.0 or later: before 6.2, Redis cannot trim a stream by the number of an event, and Fourwire is not tested with 6.2.`,
    )
  if (of('redis_mode') === 'cluster')
    throw new RedisUnusable(
      'it is a Redis Cluster. Fourwire reads many rooms with one command, which a cluster refuses. Give a Redis that is not a cluster.',
    )
  if (of('role') === 'slave')
    throw new RedisUnusable('it is a replica, which cannot be written. Give the address of its master.')
  const layout = Number((await client.get(LAYOUT_KEY)) ?? LAYOUT)
  if (layout > LAYOUT) throw new RedisUnusable(layoutTrouble(layout))
  return of('run_id')
}

const layoutTrouble = (layout: number): string =>
  `its data has the layout ${layout}, which belongs to a later Fourwire. This Fourwire knows the layout ${LAYOUT}. Start the later version, or give another Redis.`

const CUT = 'the connection was cut.'

/** Messages for errors, by their code. Each message is the end of a sentence. */
const REDIS_TROUBLES: Record<string, string> = {
  BUSY: 'it is busy with a script.',
  EACCES: 'its socket is not accessible; let this user write to it.',
  ECONNREFUSED: 'nothing listens there.',
  ECONNRESET: 'the connection was cut.',
  ENOENT: 'there is no such socket.',
  ENOTFOUND: 'there is no machine of this name.',
  ETIMEDOUT: 'it does not reply.',
  LOADING: 'it is loading its data.',
  MISCONF: 'it cannot save its data to its disk.',
  NOAUTH: 'it needs a password: redis://:PASSWORD@HOST:PORT',
  NOPERM: 'this user may not run the commands that Fourwire needs.',
  NOREPLICAS: 'too few replicas are connected (min-replicas-to-write).',
  OOM: 'its memory is full (maxmemory).',
  READONLY: 'it has become a replica, which cannot be written.',
  WRONGPASS: 'the user name or the password is wrong.',
}

/** Returns a description of an error of Redis. Callers put the description at the end of a sentence. */
export function redisTrouble(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof RedisUnusable) return error.message
  const code = 'code' in error ? String(error.code) : ''
  const [word = ''] = /^[A-Z]+/.exec(error.message) ?? []
  if (/^Socket timeout|^connect ETIMEDOUT|Command timed out/.test(error.message)) return 'it does not reply.'
  if (/Connection is closed|isn't writeable/.test(error.message)) return CUT
  return REDIS_TROUBLES[code] ?? REDIS_TROUBLES[word] ?? `${error.message.replace(/\.?$/, '.')}`
}

/** Returns true if Redis has replied with an error. Without a reply, Redis may have executed the command. */
export const isRefusal = (error: unknown): boolean => error instanceof Error && error.name === 'ReplyError'

/** Returns the address of a Redis without the password. */
export const withoutPassword = (url: string): string =>
  url.replace(/^((?:\w+:\/\/)?[^:@/]*):.*@/, '$1:***@').replace(/([?&]\w*password=)[^&]*/gi, '$1***')
