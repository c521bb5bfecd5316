/** One request and its answer over a socket of their own, byte by byte as they crossed. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Patience } from './patience.ts'

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Default: `ANSWER_MS`. */
  readonly withinMs?: number
}

/** For an answer that should come at once, in the program's own time: a busy machine is no mistake of its. */
export const ANSWER_MS = 1500

export interface Exchange {
  readonly requestLine: string
  /** `cut`: the connection ended before the answer did. `late`: no whole answer in time. */
  readonly ended: 'whole' | 'cut' | 'late'
  /** 0 where no head came. */
  readonly status: number
  readonly statusLine: string
  /** By names in small letters. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Undefined where the body is no JSON. */
  readonly json: unknown
  /** From the request to the end of the answer. */
  readonly ms: number
}

/** A request that was sent and whose answer is not here yet. */
export interface Pending {
  readonly answer: Promise<Exchange>
  /** Null until the answer is here, whole or not. */
  readonly exchange: Exchange | null
  /** What has come so far, read as far as it can be: for streams. Its body is without the chunks' sizes. */
  readonly soFar: Exchange
  /** The bytes so far, as they are. */
  readonly received: Buffer
  /** Leaves without waiting for the answer. */
  leave(how?: 'FIN' | 'RST'): void
}

export function ask(port: number, target: string, asked: Asked, patience: Patience): Pending {
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
    leave: (how = 'FIN') => leave(socket, how),
  }
}

/** An exchange as far as these bytes of its answer tell. */
export function exchangeOf(requestLine: string, bytes: Buffer, ended: Exchange['ended'], ms: number): Exchange {
  return { requestLine, ended, ...read(bytes), ms }
}

const requestLineOf = (method: string, target: string): string => `${method} ${target} HTTP/1.1`

function leave(socket: Socket, how: 'FIN' | 'RST'): void {
  if (how === 'RST') socket.resetAndDestroy()
  else socket.destroy()
}

function headOf(method: string, target: string, port: number, headers: Asked['headers'], body: string): string {
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

/** Is the answer complete (RFC 9112, section 6.3)? Without a length it is when the connection is over. */
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

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
