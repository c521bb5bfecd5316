/**
 * Counts every byte of TCP payload that goes through an HTTP server, by lane. It learns of requests
 * from the server's own events, and of bytes from their sockets.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { Lanes, WireBytes } from '../protocol.ts'
import { createAccounts } from './accounts.ts'
import type { Account } from './accounts.ts'
import type { Capture } from './capture.ts'
import { meterConnection } from './connection.ts'
import type { Connection } from './connection.ts'
import { openExchange } from './exchange.ts'
import type { Exchange } from './exchange.ts'
import type { Reading } from './reading.ts'
import { headLength } from './request-head.ts'
import { add, newTally } from './tally.ts'
import type { Tally } from './tally.ts'
import { tapUp } from './tap.ts'

export interface Meter {
  /** True at this moment, with all that is under way. */
  read(): Lanes
  /**
   * A request has come by another way than the server's own. `frames` is what came behind the head
   * of a handshake. Answers whom to tell when the last byte of its answer is with the kernel.
   */
  begin(request: Asked, bodyBytes: number, frames?: Buffer): () => void
}

/** Of a request, as far as it has to be known here. */
export interface Asked extends Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'rawHeaders'> {
  readonly socket: Socket
  /** Of its head as it came, where that is known. */
  readonly headBytes?: number
}

/**
 * Counts from now on. A connection is known from its first request, or from whatever comes in
 * place of one; the socket may be the kernel's or one that stands before it.
 */
export function createMeter(
  server: Server,
  readingOf: (request: Asked) => Reading | null,
  capture: Capture | null = null,
): Meter {
  const accounts = createAccounts()
  const connections = new Map<Socket, Connection>()
  let connectionsSoFar = 0

  // Before all others: they answer, and change the request's address.
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const answered = begin(request, bodyLength(request), undefined, request)
    // Which comes when all of it is with the kernel, and before the next answer is begun.
    response.prependListener('finish', answered)
  })
  server.prependListener('upgrade', (request: IncomingMessage, _stream, head: Buffer) => {
    begin(request, Infinity, head)
  })
  // Where nobody listens Node itself answers, which a listener would keep it from.
  if (server.listenerCount('clientError') > 0) server.prependListener('clientError', beginWithout)

  return {
    begin,
    read() {
      const tallies = new Map<Account, Tally>()
      const tallyOf = ({ account }: Pick<Exchange, 'account'>): Tally => {
        const tally = tallies.get(account) ?? newTally()
        if (!tallies.has(account)) add(tally, account.tally)
        tallies.set(account, tally)
        return tally
      }
      for (const connection of connections.values()) connection.addOpen(tallyOf)
      const bytes = (account: Account) => wireBytes(account, tallyOf({ account }))
      return {
        lanes: Array.from(accounts.lanes(), (account) => ({
          lane: account.lane ?? '',
          transport: account.transport,
          ...bytes(account),
        })),
        other: bytes(accounts.other),
      }
    },
  }

  /** `body`: where it can be read, if there is one. */
  function begin(request: Asked, bodyBytes: number, frames?: Buffer, body?: Readable): () => void {
    const reading = readingOf(request)
    const account = accounts.of(reading)
    account.requests += 1
    const connection = connections.get(request.socket) ?? connect(request.socket, account)
    const recording =
      reading && capture ? capture.begin(reading, request, connection, bodyBytes > 0 && body !== undefined) : null
    const exchange = openExchange(account, request.method ?? '', bodyBytes, reading, recording)
    if (recording?.hasBody && body) tapUp(body, recording.body, () => connection.whole(exchange))
    connection.begin(exchange, request.headBytes ?? headLength(request), frames)
    return () => connection.answered(exchange)
  }

  /** What came first over a connection was no request. */
  function beginWithout(_error: Error, socket: Socket): void {
    if (connections.has(socket)) return
    connect(socket, accounts.other).begin(openExchange(accounts.other, '', 0, null), 0)
  }

  function connect(socket: Socket, account: Account): Connection {
    connectionsSoFar += 1
    const connection = meterConnection(socket, connectionsSoFar, () => connections.delete(socket))
    connections.set(socket, connection)
    account.connections += 1
    return connection
  }
}

function wireBytes({ requests, connections }: Account, { up, down, split }: Tally): WireBytes {
  return { requests, connections, bytesUp: up, bytesDown: down, split }
}

/** Infinity where it is not said before. */
function bodyLength({ headers }: IncomingMessage): number {
  if (headers['transfer-encoding'] !== undefined) return Infinity
  return Number(headers['content-length'] ?? 0)
}
