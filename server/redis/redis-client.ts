/** Runs the log's scripts in Redis, and notices when Redis is away, was emptied or belongs to another version. */
import { hash } from 'node:crypto'
import { newEpoch } from '../feed/cursor.ts'
import { LogUnavailable } from '../feed/log.ts'
import { REPLY_MS, isRefusal, openConnection, redisTrouble, withoutPassword } from './redis-connection.ts'
import type { Redis } from 'ioredis'
import type { RedisConnection } from './redis-connection.ts'
import { KEYS_OF_ROOM, LEASE, RELEASE, SCRIPTS, argumentsOf, keysOf } from './redis-scripts.ts'
import type { ScriptStart } from './redis-scripts.ts'
import { claimRun, isChanged } from './redis-run.ts'
import { listStates, noteState } from './redis-states.ts'
import type { KeptState } from './redis-states.ts'

export type ScriptName = keyof typeof SCRIPTS

/** An entry of a stream: its id, and its fields and their values in turn. */
export type StreamEntry = [id: string, fields: string[]]

/** Reply of a script: the state of the room, the events after the caller's last one, and the result of the script. */
export interface RoomReply {
  readonly epoch: string
  readonly gen: number
  readonly first: number
  readonly last: number
  readonly news: readonly StreamEntry[]
  readonly result: unknown
}

export interface RedisClient {
  /** Id of the latest run of Redis that this process has used. */
  epoch(): string
  /** Number of this process among all processes that have used this Redis, from 1. */
  readonly number: number
  /**
   * Runs a script for a room. `known`: the last event that the caller has. Rejects with `LogUnavailable` if Redis does
   * not run the script, or if its reply does not arrive in time.
   */
  run(script: ScriptName, room: string, known: Known, args?: readonly (string | number)[]): Promise<RoomReply>
  /** Notes that a room may have a state. Redis gets this note before every script that is run later. */
  noteState(room: string): void
  /** Returns each room that has a state, and the stored text of its state. */
  states(): Promise<readonly KeptState[]>
  /** Resolves with true if this process may do the work `name` alone for the next `ms`. */
  lease(name: string, ms: number): Promise<boolean>
  /** Ends a lease of this process. */
  release(name: string): Promise<void>
  /** Sends commands. Rejects with `LogUnavailable` if Redis does not execute them. */
  ask<T>(commands: (client: Redis) => Promise<T>): Promise<T>
  /** Sends a text to everybody who listens to a channel. Rejects with `LogUnavailable`. */
  send(channel: string, text: string): Promise<void>
  /**
   * Opens a connection that listens to channels. Calls `ready` each time it begins to listen, because it may have missed
   * texts before. `silentMs`: time without a text after which the connection counts as dead.
   */
  openListener(
    channels: readonly string[],
    silentMs: number,
    heard: (text: string) => void,
    ready: () => void,
  ): RedisListener
  /** Returns a sentence that says why Redis cannot be used. Returns null if it can be used. */
  trouble(): string | null
  /** Opens a connection for reads that wait for at most `blockMs`. */
  openReader(blockMs: number, ready: () => void): RedisReader
  /** Calls `listener` after each new connection, and after Redis was emptied. Events may be missing then. */
  onDoubt(listener: () => void): void
  /** Calls `listener` after Redis was emptied while it ran. */
  onEmptied(listener: () => void): void
  close(): void
}

type Known = Pick<ScriptStart, 'gen' | 'seq'>

export interface RedisReader {
  /** Waits for entries after the given ids. Resolves with null if there are none in time, or after `unblock`. */
  read(keys: readonly string[], ids: readonly string[], most: number): Promise<readonly StreamEntries[] | null>
  /** Lets the waiting read return at once. Resolves with false if no read was waiting. */
  unblock(): Promise<boolean>
  readonly isReady: boolean
  trouble(): string | null
  close(): void
}

export interface RedisListener {
  trouble(): string | null
  close(): void
}

export type StreamEntries = [key: string, entries: StreamEntry[]]

/** Time between two checks whether Redis replies and still has the data. */
const CHECK_MS = 2000

/** Time that a read may take longer than its wait. */
const GRACE_MS = 2000

/** Connects to a Redis. Rejects with an error for the person who starts the server if this Redis cannot be used. */
export async function connectRedis(
  url: string,
  limits: Pick<ScriptStart, 'events' | 'ageMs' | 'stateAgeMs'>,
  report: (sentence: string) => void,
): Promise<RedisClient> {
  const address = withoutPassword(url)
  if (!/^(rediss?:\/\/|\/)./.test(url))
    throw new Error(
      `--redis is "${address}", which is not the address of a Redis. Give redis://HOST:PORT, rediss://HOST:PORT for TLS, or the path of a socket.`,
    )
  const doubts = new Set<() => void>()
  const emptied = new Set<() => void>()
  const started = Promise.withResolvers<void>()
  /** Id of this process, for its leases. */
  const id = crypto.randomUUID()
  /** Name of the run of Redis with which `commands` is connected, as every process writes it into the rooms. */
  let run = ''
  /** All connections except `commands`. */
  const others = new Set<RedisConnection>()
  const commands = openConnection(url, REPLY_MS, {
    prepare: async (client, id) => (run = await claimRun(client, id)),
    ready: begin,
    failed: started.reject,
  })
  const { client } = commands
  try {
    await started.promise
  } catch (error) {
    commands.close()
    throw new Error(`--redis is "${address}", which cannot be used: ${redisTrouble(error)}`, { cause: error })
  }
  const policy = /^maxmemory_policy:(\w+-\w+)/m.exec(await client.info('memory'))?.[1]
  if (policy !== undefined)
    report(
      `Redis may delete events when its memory is full, because its maxmemory-policy is ${policy}. Set it to noeviction.`,
    )
  const number = await client.incr(PROCESSES_KEY)
  const checking = setInterval(check, CHECK_MS).unref()

  return {
    epoch: () => run.slice(0, EPOCH_CHARS),
    number,
    async run(script, room, { gen, seq }, args = []) {
      if (commands.run() === null) throw unavailable(commands)
      const start = argumentsOf({ run, candidate: newEpoch(), ...limits, gen, seq })
      try {
        return replyOf(await evaluate(script, [...keysOf(room), ...start, ...args]))
      } catch (error) {
        const failure = unavailable(commands, error, script === 'append')
        // Another Redis may be the master now.
        if (error instanceof Error && error.message.startsWith('READONLY')) commands.renew()
        throw failure
      }
    },
    noteState: (room) => noteState(client, room),
    states: () => ask(listStates),
    async lease(name, ms) {
      if (commands.run() === null) return false
      const taken = client.eval(LEASE, 1, `fourwire:lease:${name}`, id, Math.ceil(ms))
      return taken.then(
        (result) => result === 1,
        () => false,
      )
    },
    async release(name) {
      await client.eval(RELEASE, 1, `fourwire:lease:${name}`, id).catch(() => {})
    },
    ask,
    async send(channel, text) {
      await ask(() => client.publish(channel, text))
    },
    trouble: () => (commands.trouble() === null ? null : unavailable(commands).message),
    openReader,
    openListener,
    onDoubt: (listener) => void doubts.add(listener),
    onEmptied: (listener) => void emptied.add(listener),
    close() {
      clearInterval(checking)
      commands.close()
    },
  }

  function begin(id: string): void {
    // After a failover, a connection may still lead to the earlier master, which may have become a replica.
    for (const other of others) if (other.run() !== null && other.run() !== id) other.renew()
    started.resolve()
    for (const listener of doubts) listener()
  }

  /** `isAppend`: the command was an append. Without a reply, Redis may have executed it. */
  function unavailable(connection: RedisConnection, cause?: unknown, isAppend = false): LogUnavailable {
    // If the connection has ended, its own error says more than the error of the command.
    const why = connection.trouble() ?? redisTrouble(cause)
    return new LogUnavailable(`The event log cannot be used: Redis at ${address}: ${why}`, {
      cause,
      remedy: isAppend && !isRefusal(cause) ? PERHAPS_STORED : NOT_STORED,
    })
  }

  async function ask<T>(send: (client: Redis) => Promise<T>): Promise<T> {
    if (commands.run() === null) throw unavailable(commands)
    try {
      return await send(client)
    } catch (error) {
      throw unavailable(commands, error)
    }
  }

  /** Runs a script by its hash. Sends its text if Redis does not know it, for example after `SCRIPT FLUSH`. */
  async function evaluate(script: ScriptName, args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await client.evalsha(HASHES[script], KEYS_OF_ROOM, ...args)
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return client.eval(SCRIPTS[script], KEYS_OF_ROOM, ...args)
    }
  }

  /** Checks that Redis replies. Without this check, a half-open connection would only be noticed by a publisher. */
  async function check(): Promise<void> {
    if (commands.run() === null) return
    try {
      const change = await isChanged(client, run)
      if (change === 'emptied') for (const listener of [...emptied, ...doubts]) listener()
      else if (change) commands.renew()
    } catch {
      // The connection reports its own end.
    }
  }

  function openReader(blockMs: number, ready: () => void): RedisReader {
    let id = 0
    const connection: RedisConnection = openConnection(url, blockMs + GRACE_MS, {
      async prepare(reading) {
        id = await reading.client('ID')
      },
      ready,
      failed: () => {},
    })
    others.add(connection)
    return {
      async read(keys, ids, most) {
        const reply = await connection.client.xread('COUNT', most, 'BLOCK', blockMs, 'STREAMS', ...keys, ...ids)
        return reply as StreamEntries[] | null
      },
      unblock: async () => (await client.client('UNBLOCK', id)) === 1,
      get isReady() {
        return connection.run() !== null
      },
      trouble: () => (connection.trouble() === null ? null : unavailable(connection).message),
      close: () => close(connection),
    }
  }

  function openListener(
    channels: readonly string[],
    silentMs: number,
    heard: (text: string) => void,
    ready: () => void,
  ): RedisListener {
    const connection = openConnection(url, silentMs, {
      prepare: (listening) => listening.subscribe(...channels),
      ready,
      failed: () => {},
    })
    others.add(connection)
    connection.client.on('message', (_channel, text) => heard(text))
    return { trouble: connection.trouble, close: () => close(connection) }
  }

  function close(connection: RedisConnection): void {
    others.delete(connection)
    connection.close()
  }
}

const EPOCH_CHARS = 16

const NOT_STORED = 'Nothing was published. Try again, and check Redis.'

const PERHAPS_STORED =
  'The message may be published or not. Publish it again with the same Idempotency-Key: the server never publishes it twice.'

/** Counts the processes that have used this Redis. */
const PROCESSES_KEY = 'fourwire:processes'

const HASHES = Object.fromEntries(Object.entries(SCRIPTS).map(([name, lua]) => [name, hash('sha1', lua)])) as Record<
  ScriptName,
  string
>

function replyOf(reply: unknown): RoomReply {
  const [epoch, gen, first, last, news, result] = reply as [string, string, number, number, StreamEntry[], unknown]
  return { epoch, gen: Number(gen), first, last, news, result }
}
