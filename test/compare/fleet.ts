/** The clients of one process: they connect, are cut and return, or stop reading. */
import type { Adapter, ComparedConnection, ComparedServer, NetworkUsage } from './adapter.ts'
import { now } from './now.ts'
import { seededRandom } from './random.ts'
import type { FleetOutcome } from './scenarios/outcome.ts'
import { isSlow } from './scenarios/scenario.ts'
import { messageOf } from './trouble.ts'

export interface Fleet {
  /** Opens the clients one after the other. Resolves when all are live, or with the reason why one has failed. */
  open(): Promise<string | null>
  /** Use of the network by all connections so far; null if the adapter does not know it. */
  usage(): NetworkUsage | null
  /** Cuts all connections at a time, and lets each client return and resume within `withinMs`. */
  storm(atMs: number, withinMs: number, seed: number): void
  /** Makes a share of the clients stop reading. `share` is in percent. */
  pause(share: number): void
  /** Makes these clients read again. A slow client that the server has dropped returns with its cursor. */
  resume(): void
  /** Number of clients that are about to return. */
  away(): number
  outcome(): FleetOutcome
  close(): void
}

export interface ClientRange {
  readonly first: number
  readonly count: number
  /** Time between two clients. */
  readonly gapMs: number
}

interface Client {
  readonly number: number
  connection: ComparedConnection | null
  /** Cursor of its last connection. */
  cursor: string | undefined
  isLive: boolean
  /** True from the cut until the client is live again. */
  isAway: boolean
  isSlow: boolean
  /** Number of tries to return. */
  tries: number
  triedAtMs: number
}

const NONE: NetworkUsage = { bytesUp: 0, bytesDown: 0, requests: 0 }

/** A client waits for this time after a failed try, and for twice as long after each further one. */
const RETRY_MS = 250
const MOST_RETRY_MS = 2000

/** `received` is called with the number of the client, a text and the time of its arrival. */
export function createFleet(
  adapter: Adapter,
  target: ComparedServer,
  { first, count, gapMs }: ClientRange,
  received: (client: number, text: string, atMs: number | undefined) => void,
): Fleet {
  const clients: Client[] = []
  const opened = Promise.withResolvers<string | null>()
  /** Use of the network by the connections that are closed. */
  let before: NetworkUsage | null = NONE
  let live = 0
  let dropped = 0
  let isClosed = false
  let cutAtMs = 0
  let storm: { liveAfterMs: number[]; connectMs: number[]; retries: number } | null = null
  let slow: { dropped: number; unreadBytes: number | null } | null = null
  /** Bytes of each client when the slow ones stopped reading. */
  let bytesBefore: readonly (number | null)[] = []

  return {
    open() {
      if (count === 0) opened.resolve(null)
      else openNext(now())
      return opened.promise
    },
    usage: () => clients.reduce((sum, { connection }) => (connection ? plus(sum, connection) : sum), before),
    storm(atMs, withinMs, seed) {
      storm = { liveAfterMs: [], connectMs: [], retries: 0 }
      const random = seededRandom(seed * count + first)
      setTimeout(() => cut(withinMs, random), Math.max(0, atMs - now()))
    },
    pause(share) {
      slow = { dropped: 0, unreadBytes: null }
      bytesBefore = clients.map(bytesOf)
      for (const client of clients) {
        client.isSlow = isSlow(client.number, share)
        if (client.isSlow) client.connection?.pause?.()
      }
    },
    resume() {
      const read = clients.map((client, i) => ({ client, bytes: difference(bytesOf(client), bytesBefore[i] ?? null) }))
      const meanOf = (isSlow: boolean): number | null =>
        meanBytes(read.filter(({ client }) => client.isSlow === isSlow).map(({ bytes }) => bytes))
      if (slow) slow.unreadBytes = difference(meanOf(false), meanOf(true))
      for (const client of clients) if (client.isSlow) client.connection?.resume?.()
    },
    away: () => clients.filter(({ isAway }) => isAway).length,
    outcome: () => ({
      dropped: dropped + clients.filter(({ isAway, isSlow }) => isAway && !isSlow).length,
      storm,
      slow,
    }),
    close() {
      isClosed = true
      for (const { connection } of clients) connection?.close()
    },
  }

  function openNext(startMs: number): void {
    if (isClosed) return
    try {
      while (clients.length < count && now() - startMs >= clients.length * gapMs) {
        const client = newClient(first + clients.length)
        clients.push(client)
        connect(client)
      }
      if (clients.length < count) setTimeout(openNext, 1, startMs)
    } catch (error) {
      opened.resolve(messageOf(error))
    }
  }

  function connect(client: Client): void {
    client.connection = adapter.connect(
      target,
      {
        live: () => goLive(client),
        received: (text, atMs) => received(client.number, text, atMs),
        failed: (why) => lose(client, why),
      },
      client.cursor,
    )
  }

  function goLive(client: Client): void {
    if (client.isLive) return
    client.isLive = true
    live += 1
    if (live === count) opened.resolve(null)
    if (client.isAway && !client.isSlow) {
      storm?.liveAfterMs.push(now() - cutAtMs)
      storm?.connectMs.push(now() - client.triedAtMs)
    }
    client.isAway = false
  }

  function lose(client: Client, why: string): void {
    leave(client)
    if (client.isSlow && slow && !client.isAway) slow.dropped += 1
    if (client.isAway) {
      if (storm) storm.retries += 1
      const pauseMs = Math.min(MOST_RETRY_MS, RETRY_MS * 2 ** client.tries)
      setTimeout(comeBack, pauseMs, client)
    } else if (client.isSlow && client.cursor !== undefined) {
      client.isAway = true
      comeBack(client)
    } else if (!client.isSlow) {
      dropped += 1
      opened.resolve(why)
    }
  }

  /** Forgets the connection, but not its cursor and its bytes. */
  function leave(client: Client): void {
    const { connection } = client
    client.connection = null
    if (client.isLive) live -= 1
    client.isLive = false
    if (!connection) return
    client.cursor = connection.cursor?.() ?? client.cursor
    before = plus(before, connection)
  }

  function cut(withinMs: number, random: () => number): void {
    cutAtMs = now()
    for (const client of clients) {
      const { connection } = client
      if (!connection) continue
      leave(client)
      connection.close()
      client.isAway = true
      setTimeout(comeBack, random() * withinMs, client)
    }
  }

  function comeBack(client: Client): void {
    if (isClosed) return
    if (client.tries === 0) client.triedAtMs = now()
    client.tries += 1
    try {
      connect(client)
    } catch (error) {
      lose(client, messageOf(error))
    }
  }
}

const newClient = (number: number): Client => ({
  number,
  connection: null,
  cursor: undefined,
  isLive: false,
  isAway: false,
  isSlow: false,
  tries: 0,
  triedAtMs: 0,
})

function plus(sum: NetworkUsage | null, connection: ComparedConnection): NetworkUsage | null {
  const one = connection.usage?.()
  if (!one || !sum) return null
  return {
    bytesUp: sum.bytesUp + one.bytesUp,
    bytesDown: sum.bytesDown + one.bytesDown,
    requests: sum.requests + one.requests,
  }
}

const bytesOf = ({ connection }: Client): number | null => connection?.usage?.().bytesDown ?? null

const difference = (after: number | null, before: number | null): number | null =>
  after === null || before === null ? null : after - before

/** Mean of the known values; null if there are none. */
function meanBytes(values: readonly (number | null)[]): number | null {
  const known = values.flatMap((value) => value ?? [])
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}
