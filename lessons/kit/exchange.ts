/** One request and its response on a separate connection, with the bytes as they crossed the wire. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { parsed } from './json.ts'
import type { Patience } from './patience.ts'

export interface RequestOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Default: `ANSWER_MS`. */
  readonly withinMs?: number
}

/** Default time limit of a response, in the program's time, so that a busy machine does not count as a mistake. */
export const ANSWER_MS = 1500

/** The most that a program may send on one connection. The check of lesson 7 that publishes 620 messages gets more than 64 kB. */
export const RECEIVED_LIMIT_KB = 256

export interface Exchange {
  readonly requestLine: string
  /** How the exchange ended. `cut`: the connection closed before the end of the response. `late`: the response was not complete in time. */
  readonly ended: 'whole' | 'cut' | 'late'
  /** 0 if no head arrived. */
  readonly status: number
  readonly statusLine: string
  /** Headers by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Undefined if the body is not JSON. */
  readonly json: unknown
  /** Time from the request to the end of the response. */
  readonly ms: number
}

/** A request that was sent, and its response as far as it has arrived. */
export interface PendingExchange {
  readonly answer: Promise<Exchange>
  /** Null until the exchange has ended. */
  readonly exchange: Exchange | null
  /** The exchange so far, for streams. Its body contains no chunk sizes. */
  readonly soFar: Exchange
  /** Raw bytes of the response so far. */
  readonly received: Buffer
  readonly socket: Socket
  /** Closes the connection without waiting for the response. */
  leave(how?: 'FIN' | 'RST'): void
}

export function ask(port: number, target: string, asked: RequestOptions, patience: Patience): PendingExchange {
  const { method = 'GET', headers = {}, body = '', withinMs = ANSWER_MS } = asked
  const began = performance.now()
  const { promise, resolve } = Promise.withResolvers<Exchange>()
  const chunks: Buffer[] = []
  let exchange: Exchange | null = null

  const readAs = (ended: Exchange['ended']): Exchange =>
    exchangeOf(requestLineOf(method, target), Buffer.concat(chunks), ended, performance.now() - began)
  const socket = connect(port, '127.0.0.1')
  const finish = (ended: Exchange['ended']) => {
    if (exchange) return
    callOff()
    socket.destroy()
    exchange = readAs(ended)
    resolve(exchange)
  }
  const callOff = patience.after(withinMs, () => finish('late'))
  socket.on('error', () => finish('cut'))
  socket.on('close', () => finish(isWhole(Buffer.concat(chunks), true) ? 'whole' : 'cut'))
  socket.on('data', (chunk: Buffer) => {
    // To examine such a response would take all the time of this process.
    if (socket.bytesRead > RECEIVED_LIMIT_KB * 1000) return
    chunks.push(chunk)
    if (isWhole(Buffer.concat(chunks), false)) finish('whole')
  })
  socket.write(headOf(method, target, port, headers, body) + body)

  return {
    answer: promise,
    get exchange() {
      return exchange
    },
    get soFar() {
      return exchange ?? readAs('late')
    },
    get received() {
      return Buffer.concat(chunks)
    },
    socket,
    leave: (how = 'FIN') => leave(socket, how),
  }
}

/** Returns the exchange for these bytes of the response. */
export function exchangeOf(requestLine: string, bytes: Buffer, ended: Exchange['ended'], ms: number): Exchange {
  return { requestLine, ended, ...read(bytes), ms }
}

const requestLineOf = (method: string, target: string): string => `${method} ${target} HTTP/1.1`

function leave(socket: Socket, how: 'FIN' | 'RST'): void {
  if (how === 'RST') socket.resetAndDestroy()
  else socket.destroy()
}

function headOf(
  method: string,
  target: string,
  port: number,
  headers: RequestOptions['headers'],
  body: string,
): string {
  const length = body === '' ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
  const lines = Object.entries({ Host: `localhost:${port}`, ...length, ...headers, Connection: 'close' })
  return `${method} ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

type Parts = Pick<Exchange, 'status' | 'statusLine' | 'headers' | 'body' | 'json'>

function read(bytes: Buffer): Parts {
  const { head, rest } = split(bytes)
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = headersOf(lines)
  const body = (headers['transfer-encoding'] === 'chunked' ? unchunk(rest).data : rest).toString()
  return { status: Number(statusLine.split(' ')[1] ?? 0), statusLine, headers, body, json: parsed(body) }
}

function split(bytes: Buffer): { head: string; rest: Buffer } {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return { head: '', rest: Buffer.alloc(0) }
  return { head: bytes.toString('latin1', 0, end), rest: bytes.subarray(end + 4) }
}

function headersOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
}

/** True if the response is complete (RFC 9112, section 6.3). Without a length, the end of the connection completes it. */
function isWhole(bytes: Buffer, isOver: boolean): boolean {
  const { head, rest } = split(bytes)
  if (head === '') return false
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = headersOf(lines)
  if (/^\S+ (?:204|304) /.test(`${statusLine} `)) return true
  if (headers['transfer-encoding'] === 'chunked') return unchunk(rest).ended
  const length = headers['content-length']
  return length === undefined ? isOver : rest.length >= Number(length)
}

function unchunk(bytes: Buffer): { data: Buffer; ended: boolean } {
  const chunks: Buffer[] = []
  for (let rest = bytes; ;) {
    const line = rest.indexOf('\r\n')
    if (line < 0) return { data: Buffer.concat(chunks), ended: false }
    const size = Number.parseInt(rest.toString('latin1', 0, line), 16)
    if (size === 0) return { data: Buffer.concat(chunks), ended: true }
    chunks.push(rest.subarray(line + 2, line + 2 + size))
    rest = rest.subarray(line + 2 + size + 2)
  }
}
