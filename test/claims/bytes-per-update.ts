/** Claim 1: the bytes that one small update costs over each transport. */
import { setTimeout as after } from 'node:timers/promises'
import { markIn, markOf } from '../compare/adapter.ts'
import type { ClientListener, ComparedConnection } from '../compare/adapter.ts'
import { createExchange } from '../compare/clients/exchange.ts'
import { CompareError } from '../compare/trouble.ts'
import { chrome60, chromium156 } from './browser-fields.ts'
import type { BrowserFields } from './browser-fields.ts'
import { defineClaim, isWithin } from './claim.ts'
import type { ClaimTools, ClaimFigure, ClaimFinding } from './claim.ts'
import { adapter } from './plain-adapter.ts'
import { startPlain } from './servers.ts'
import { bytes, times } from './words.ts'

/** Bytes of an update over each transport; null if a client has not received every update. */
type BytesPerUpdate = Readonly<Record<Transport, number | null>>

export interface MeasuredBytes {
  readonly updates: number
  /** With the fields of the browser of the source. */
  readonly old: BytesPerUpdate
  readonly today: BytesPerUpdate
}

const TRANSPORTS = ['short-poll', 'long-poll', 'sse', 'ws'] as const
type Transport = (typeof TRANSPORTS)[number]

const PUBLISHED = { 'short-poll': 1764, 'long-poll': 586, sse: 180 } as const
const RUN = 'bytes'
const POLL_MS = 250
const UPDATE_MS = 1000
const UPDATE_BYTES = 39
/** The number of updates matters: the first request of a stream is part of the bytes. */
const UPDATES = 5
const NEAR = 1.5
const FAR = 3

export const bytesPerUpdate = defineClaim(
  {
    number: 1,
    statement:
      'An update of 39 bytes every second costs 1,764 bytes by polling every 250 ms, 586 by long polling and 180 by SSE.',
    source:
      'Abril, "A comparison between WebSockets, server-sent events, and polling", 2017, recomputed from its HAR files',
    about:
      'Each request and each response has a head, which is much longer than a small update. A short poll pays for many heads that bring no news, a long poll for one request and one response for each update. A stream pays for its heads only once, at its start.',
    published: 'Chrome 60 on macOS, Node 8.4, HTTP/1.1, 5 updates at intervals of 1 s, a poll every 250 ms.',
    method:
      'A simple server delivers the same 5 updates. For each transport, a client sends the fields of Chrome 60 and counts the bytes of its TCP connection in both directions, from the connection to the fifth update. The sum is divided by 5. More clients do the same with the fields of Chromium 156.',
    criterion: {
      reproduced: `Each of the three figures differs from the published one by a factor of at most ${NEAR}, and their order is the same.`,
      refuted: `One of the three figures differs by a factor of more than ${FAR}, or their order is another one.`,
      'cannot be told here': 'Everything between, because the fields of the original server are not known.',
    },
    differs: [
      'The fields of the original server and its empty responses are not known. This server sends the fields that Node adds, and a type and a length.',
      'The bytes are counted on the connection, with the parts that a HAR file leaves out, such as the sizes of chunks.',
      'WebSocket was never in the HAR files, so it has no published figure.',
    ],
    seconds: { usual: 8, quick: 8 },
  },
  measure,
  judgeBytes,
)

export function judgeBytes({ updates, old, today }: MeasuredBytes): ClaimFinding {
  const figures = [...rowsOf(old, chrome60), ...rowsOf(today, chromium156)]
  const found = { figures, samples: `${updates} updates for each client` }
  const { 'short-poll': short, 'long-poll': long, sse } = old
  if (short === null || long === null || sse === null)
    return { ...found, outcome: 'cannot be told here', why: 'A client has not received every update.' }
  const ratios = [short / PUBLISHED['short-poll'], long / PUBLISHED['long-poll'], sse / PUBLISHED.sse]
  const shown = `With the fields of ${chrome60.name}, an update costs ${bytes(short)}, ${bytes(long)} and ${bytes(sse)}: ${ratios.map(times).join(', ')} the published figures.`
  if (short <= long || long <= sse) return { ...found, outcome: 'refuted', why: `${shown} Their order is another one.` }
  if (ratios.every((ratio) => isWithin(ratio, 1, NEAR))) return { ...found, outcome: 'reproduced', why: shown }
  if (!ratios.every((ratio) => isWithin(ratio, 1, FAR)))
    return { ...found, outcome: 'refuted', why: `${shown} One of them differs by a factor of more than ${FAR}.` }
  return { ...found, outcome: 'cannot be told here', why: `${shown} The original server may have sent other fields.` }
}

const rowsOf = (all: BytesPerUpdate, { name }: BrowserFields): readonly ClaimFigure[] =>
  TRANSPORTS.map((transport) => {
    const value = all[transport]
    const published = name === chrome60.name && transport !== 'ws' ? bytes(PUBLISHED[transport]) : null
    return { what: `${transport}, ${name}`, published, ours: value === null ? '?' : bytes(value) }
  })

async function measure({ show }: ClaimTools): Promise<MeasuredBytes> {
  show('bytes of 5 updates in 5 s')
  await using server = await startPlain('plain-server.ts')
  const clients = [chrome60, chromium156].map((fields) =>
    TRANSPORTS.map((transport) => openCounting(server.url, transport, fields)),
  )
  const all = clients.flat()
  const publisher = createExchange()
  try {
    await Promise.all(all.map(({ live }) => live))
    for (let number = 0; number < UPDATES; number++) {
      await after(UPDATE_MS)
      await publisher.ask('POST', server.url, { 'Content-Type': 'application/json' }, updateOf(number))
    }
    // One more poll brings the last update.
    await after(2 * POLL_MS)
  } finally {
    publisher.close()
    for (const client of all) client.close()
  }
  const [old = [], today = []] = clients
  return { updates: UPDATES, old: figuresOf(old), today: figuresOf(today) }
}

type Counting = ReturnType<typeof openCounting>

/** Opens a client that counts its bytes until it has received the last update. */
function openCounting(url: URL, transport: Transport, fields: BrowserFields) {
  const live = Promise.withResolvers<void>()
  let received = 0
  let total: number | null = null
  const listener: ClientListener = {
    live: live.resolve,
    received(text) {
      if (markIn(text) === null) return
      received += 1
      const usage = connection.usage?.()
      if (received === UPDATES && usage) total = usage.bytesUp + usage.bytesDown
    },
    failed: (why) => live.reject(new CompareError(`The client of ${transport} failed: ${why}.`)),
  }
  const headers = transport === 'sse' ? fields.stream : transport === 'ws' ? fields.socket : fields.request
  const target = { transport, url, publishUrl: url, run: RUN, intervalMs: POLL_MS, waitS: 25, headers }
  const connection: ComparedConnection = adapter.connect(target, listener)
  return { transport, live: live.promise, perUpdate: () => total && total / UPDATES, close: () => connection.close() }
}

function figuresOf(clients: readonly Counting[]): BytesPerUpdate {
  const figures: Record<Transport, number | null> = { 'short-poll': null, 'long-poll': null, sse: null, ws: null }
  for (const { transport, perUpdate } of clients) figures[transport] = perUpdate()
  return figures
}

/** Returns JSON of exactly 39 bytes with one text in a list. */
function updateOf(number: number): string {
  const mark = markOf(RUN, number)
  return JSON.stringify([mark.padEnd(UPDATE_BYTES - '[""]'.length, 'x')])
}
