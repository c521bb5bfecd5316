/** Claim 6: long polling is slow because each message opens a connection. */
import { setTimeout as after } from 'node:timers/promises'
import { connect, createServer } from 'node:net'
import { listen } from '../../lessons/kit/port.ts'
import { markIn, markOf } from '../compare/adapter.ts'
import type { ClientListener, ComparedServer } from '../compare/adapter.ts'
import { fourwire } from '../compare/adapters/fourwire.ts'
import { median } from '../compare/median.ts'
import { now } from '../compare/now.ts'
import { CompareError } from '../compare/trouble.ts'
import { defineClaim } from './claim.ts'
import type { ClaimTools, ClaimFinding } from './claim.ts'
import { openFetchPoll } from './fetch-poll.ts'
import { startFourwire } from './servers.ts'
import { ms } from './words.ts'

export interface ConnectionsPerMessage {
  readonly messages: number
  readonly clients: readonly CountedClient[]
}

interface CountedClient {
  readonly name: ClientName
  readonly connections: number
  readonly received: number
  /** Median time from the sending to the receipt. */
  readonly delayMs: number
}

type ClientName = keyof typeof CLIENTS

const RUN = 'connections'
const MESSAGES = 60
const QUICK_MESSAGES = 30
/** Pause after each message, so that the next request of every client is held before the next message. */
const PAUSE_MS = 25
/** At most this number of connections for each message means that a connection is kept. */
const KEPT = 0.1
const OPENED = 0.9

const CLIENTS = {
  'plain socket': (url: URL, client: ClientListener) => fourwire.connect(targetOf(url), client),
  'fetch of Node': (url: URL, client: ClientListener) => openFetchPoll((cursor) => pollAddress(url, cursor), client),
  'Connection: close': (url: URL, client: ClientListener) =>
    fourwire.connect({ ...targetOf(url), headers: { Connection: 'close' } }, client),
}

export const connections = defineClaim(
  {
    number: 6,
    statement: 'Long polling is slow, because each message opens a new connection.',
    source: 'RxDB, "WebSockets vs Server-Sent-Events vs Long-Polling vs WebRTC vs WebTransport"',
    about:
      'A long poll is a request that the server holds until it has a message. After each message the client needs a new request. But since HTTP/1.1 a new request does not need a new connection, because client and server keep the connection open.',
    published: 'No measurement: the article states that the connection is closed after each response.',
    method:
      'Three clients read the same messages from one Fourwire by long polling: a plain socket, the fetch of Node, and a plain socket that asks the server to close the connection after each response. Each of them connects through a relay that counts the connections.',
    criterion: {
      reproduced: `Both ordinary clients open ${OPENED} connections for each message, or more.`,
      refuted: `Both ordinary clients open ${KEPT} connections for each message, or fewer, and the client that closes its connections opens ${OPENED} or more.`,
      'cannot be told here': 'Everything else, and every loss of a message.',
    },
    differs: [
      'No browser is run. Browsers keep connections open as well, by the same rule of HTTP (RFC 9112, section 9.3).',
      'Everything is on one machine, so a new connection costs no network latency. The delays are shown and not judged.',
    ],
    seconds: { usual: 6, quick: 3 },
  },
  measure,
  judgeConnections,
)

export function judgeConnections({ messages, clients }: ConnectionsPerMessage): ClaimFinding {
  const rateOf = (client: CountedClient): number => client.connections / messages
  const [socket, fetching, closing] = clients
  const figures = [
    ...clients.map((client) => ({
      what: `connections for each message, ${client.name}`,
      published: client.name === 'Connection: close' ? null : '1',
      ours: rateOf(client).toFixed(2),
    })),
    ...clients.map(({ name, delayMs }) => ({
      what: `median delay, ${name} (not judged)`,
      published: null,
      ours: ms(delayMs),
    })),
  ]
  const found = { figures, samples: `${messages} messages for each client` }
  if (!socket || !fetching || !closing || clients.some(({ received }) => received < messages))
    return {
      ...found,
      outcome: 'cannot be told here',
      why: 'A client has lost a message, so its connections say nothing.',
    }
  const [high, low] = [Math.max(rateOf(socket), rateOf(fetching)), Math.min(rateOf(socket), rateOf(fetching))]
  if (low >= OPENED)
    return {
      ...found,
      outcome: 'reproduced',
      why: `Each client opened at least ${low.toFixed(2)} connections for each message.`,
    }
  if (high <= KEPT && rateOf(closing) >= OPENED)
    return {
      ...found,
      outcome: 'refuted',
      why: `The ordinary clients received ${messages} messages over ${socket.connections} and ${fetching.connections} connections. Only the client that asks for it opened a connection for each message.`,
    }
  return {
    ...found,
    outcome: 'cannot be told here',
    why: `The clients opened ${clients.map((client) => rateOf(client).toFixed(2)).join(', ')} connections for each message, which is between both limits.`,
  }
}

async function measure({ isQuick, env, show }: ClaimTools): Promise<ConnectionsPerMessage> {
  show('connections of long polls')
  await using server = await startFourwire(env)
  const messages = isQuick ? QUICK_MESSAGES : MESSAGES
  const target = targetOf(server.url)
  const open = await Promise.all(Object.keys(CLIENTS).map((name) => openCounted(name as ClientName, server.url)))
  try {
    for (let number = 0; number < messages; number++) {
      await after(PAUSE_MS)
      const sentMs = now()
      const received = Promise.all(open.map((client) => client.next(sentMs)))
      await fourwire.publish?.(target, markOf(RUN, number))
      await received
    }
  } finally {
    for (const client of open) client.close()
  }
  return { messages, clients: open.map((client) => client.counted()) }
}

/** Opens a client behind a relay of its own. */
async function openCounted(name: ClientName, url: URL) {
  const relay = await startRelay(url)
  const live = Promise.withResolvers<void>()
  const delaysMs: number[] = []
  let awaited: { sentMs: number; done(): void } | null = null
  const failure = Promise.withResolvers<never>()
  failure.promise.catch(() => {})
  const connection = CLIENTS[name](new URL(`http://127.0.0.1:${relay.port}`), {
    live: live.resolve,
    received(text, atMs = now()) {
      if (markIn(text) === null || !awaited) return
      delaysMs.push(atMs - awaited.sentMs)
      awaited.done()
      awaited = null
    },
    failed: (why) => failure.reject(new CompareError(`The client "${name}" failed: ${why}.`)),
  })
  await Promise.race([live.promise, failure.promise])
  return {
    next(sentMs: number): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>()
      awaited = { sentMs, done: resolve }
      return Promise.race([promise, failure.promise])
    },
    counted: (): CountedClient => ({
      name,
      connections: relay.connections(),
      received: delaysMs.length,
      delayMs: median(delaysMs),
    }),
    close() {
      connection.close()
      relay.close()
    },
  }
}

/** Starts a relay that counts the connections to it. */
async function startRelay(url: URL) {
  let count = 0
  const relay = createServer({ noDelay: true }, (client) => {
    count += 1
    const server = connect({ host: url.hostname, port: Number(url.port), noDelay: true })
    const end = (): void => {
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) socket.on('error', end)
    client.pipe(server).pipe(client)
  })
  const port = await listen(relay)
  return { port, connections: () => count, close: () => void relay.close() }
}

const targetOf = (url: URL): ComparedServer => ({
  transport: 'long-poll',
  url,
  publishUrl: url,
  run: RUN,
  intervalMs: 0,
  waitS: 25,
})

const pollAddress = (url: URL, cursor: string | null): URL =>
  new URL(`/feed/compare-${RUN}/long-poll${cursor === null ? '' : `?wait=25&after=${cursor}`}`, url)
