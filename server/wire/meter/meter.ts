/**
 * Counts every byte of TCP payload that passes through an HTTP server, for each lane. The server's events report the
 * requests, and the sockets report the bytes.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { Lanes, WireBytes } from '../../protocol/wire.ts'
import { createAccounts } from './accounts.ts'
import type { Account } from './accounts.ts'
import type { Capture } from '../capture/capture.ts'
import { MeteredConnection } from './connection.ts'
import type { ConnectionBook } from './connection.ts'
import { openExchange } from './exchange.ts'
import type { MeteredExchange } from './exchange.ts'
import { OutsideExchange } from './outside-exchange.ts'
import type { Reading } from '../reading.ts'
import { linkBefore } from '../bend/link.ts'
import type { Head } from '../request-head.ts'
import type { RequestLine } from './upstream.ts'
import { add, newTally } from './tally.ts'
import type { Tally } from './tally.ts'
import { tapUp } from './tap.ts'

export interface Meter {
  /** Returns the current byte counts, including the bytes of open exchanges. */
  read(): Lanes
  /**
   * Opens the exchange of a request that has no body and that Node's parser has not got. Call `answered` when the kernel
   * has taken the last byte of the response, or `handedOver` just before Node's parser gets the request after all.
   */
  begin(request: MeteredRequest): { answered(): void; handedOver(): void }
}

/** Parts of a request that the meter uses. */
export interface MeteredRequest extends Head {
  readonly socket: Socket
}

/**
 * Creates a meter. The meter starts to count at once. Create the wire before the meter: if a connection has a link, the
 * meter counts the bytes of the link. `firstConnection`: number of the first connection.
 */
export function createMeter(
  server: Server,
  readingOf: (request: RequestLine) => Reading | null,
  capture: Capture | null = null,
  firstConnection = 1,
): Meter {
  const life = crypto.randomUUID()
  const accounts = createAccounts()
  const connections = new Map<Socket, MeteredConnection>()
  let nextConnection = firstConnection

  const book: ConnectionBook = {
    open(connection, request, bodyLength) {
      const reading = readingOf(request)
      const account = accounts.accountFor(reading)
      account.requests += 1
      account.open += 1
      if (connection.number === 0) account.connections += 1
      connection.number ||= nextConnection++
      return reading === null
        ? new OutsideExchange(account, request.method ?? '', bodyLength)
        : openExchange(account, request.method ?? '', bodyLength, reading)
    },
    record: ({ number, requests }, { reading }, request, hasBody) =>
      reading && capture ? capture.begin(reading, request, { number, requests }, hasBody) : null,
    abandoned(connection, { up, down }) {
      if (up + down === 0) return
      const { other } = accounts
      if (connection.number === 0) other.connections += 1
      connection.number ||= nextConnection++
      other.tally.up += up
      other.tally.split.requestHeads += up
      other.tally.down += down
      other.tally.split.responseHeads += down
    },
    closed: ({ socket }) => connections.delete(socket),
  }

  server.on('connection', accept)
  // The meter's listener must run first: later listeners send the response and change the URL of the request.
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const answered = begin(request, bodyLength(request), undefined, request)
    // Node emits `finish` when the kernel has taken the whole response, and before Node starts the next response.
    response.prependListener('finish', answered)
  })
  server.prependListener('upgrade', (request: IncomingMessage, _stream, head: Buffer) => {
    begin(request, Infinity, head)
  })
  // If `clientError` has no listener, Node itself responds to a malformed request. A listener of the meter alone would
  // prevent this response.
  if (server.listenerCount('clientError') > 0)
    server.prependListener('clientError', (_error, socket) => connections.get(socket as Socket)?.giveUp())

  return {
    begin(request) {
      const connection = connections.get(request.socket) ?? connect(request.socket, request.socket)
      const exchange = connection.begin(request, 0, undefined, false)
      return {
        answered: () => connection.answered(exchange),
        handedOver: () => connection.handOver(exchange),
      }
    },
    read() {
      const tallies = new Map<Account, Tally>()
      const tallyOf = ({ account }: Pick<MeteredExchange, 'account'>): Tally => {
        const tally = tallies.get(account) ?? newTally()
        if (!tallies.has(account)) add(tally, account.tally)
        tallies.set(account, tally)
        return tally
      }
      const unclaimed = { bytesUp: 0, bytesDown: 0 }
      for (const connection of connections.values()) {
        const { up, down } = connection.addOpen(tallyOf)
        unclaimed.bytesUp += up
        unclaimed.bytesDown += down
      }
      const bytes = (account: Account) => wireBytes(account, tallyOf({ account }))
      return {
        life,
        lanes: Array.from(accounts.lanes(), (account) => ({
          lane: account.lane ?? '',
          transport: account.transport,
          ...bytes(account),
        })),
        other: bytes(accounts.other),
        unclaimed,
      }
    },
  }

  function accept(kernel: Socket): void {
    connect((linkBefore(kernel) as Socket | undefined) ?? kernel, kernel)
  }

  /**
   * Opens the exchange of a request. `frames`: the bytes that arrived after the head of a WebSocket handshake. `body`:
   * the request, if its body can be read. Returns a function that the caller calls when the kernel has taken the last
   * byte of the response.
   */
  function begin(request: MeteredRequest, bodyLength: number, frames?: Buffer, body?: Readable): () => void {
    const connection = connections.get(request.socket) ?? connect(request.socket, request.socket)
    const exchange = connection.begin(request, bodyLength, frames, body !== undefined && bodyLength > 0)
    const { recording } = exchange
    if (recording?.hasBody && body) tapUp(body, recording.body, () => connection.whole(exchange))
    return () => connection.answered(exchange)
  }

  /** Starts to meter a connection. `source`: the kernel's socket, which receives the bytes first. */
  function connect(socket: Socket, source: Socket): MeteredConnection {
    const connection = new MeteredConnection(socket, source, book)
    connections.set(socket, connection)
    return connection
  }
}

function wireBytes({ requests, connections }: Account, { up, down, split }: Tally): WireBytes {
  return { requests, connections, bytesUp: up, bytesDown: down, split }
}

/** Returns the length of a request body. Infinity if the length is unknown until the body ends. */
function bodyLength({ headers }: IncomingMessage): number {
  if (headers['transfer-encoding'] !== undefined) return Infinity
  return Number(headers['content-length'] ?? 0)
}
