/** A client that asks for a WebSocket, and what a check expects of the response. */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { isAlive } from '../kit/conversation.ts'
import { Late, Wrong } from '../kit/finding.ts'
import { fieldOf, parsed } from '../kit/json.ts'
import type { Trial } from '../kit/trial.ts'
import { NO_WORD } from './hints.ts'

/** Headers that a browser adds by itself; `Origin` names the page that made the request. */
export interface Who {
  readonly cookie?: string
  readonly origin?: string
  /** Default: `localhost` and the port. */
  readonly host?: string
}

/** Result of one attempt to open a WebSocket. */
export interface Knock {
  readonly bytes: string
  /** Position in `bytes` of the status, or of the place where it should be. */
  readonly at: number
  /** 0 if the connection was closed without a response. */
  readonly status: number
  /** True if the response was not HTTP. */
  readonly isNonsense: boolean
  readonly socket: WebSocket
  /** Messages from the server; parsed if they are JSON. */
  readonly received: readonly unknown[]
  /** Close code; null while the socket is open, or if it never opened. */
  readonly closed: number | null
}

/** Resolves when there is a response; after a 101, when a message came or the connection closed. */
export async function knock(trial: Trial, target: string, who: Who): Promise<Knock> {
  const headers = {
    Host: who.host ?? hostOf(trial),
    ...(who.origin !== undefined && { Origin: who.origin }),
    ...(who.cookie !== undefined && { Cookie: who.cookie }),
  }
  const socket = trial.websocket(target, { headers })
  const received: unknown[] = []
  const answers: IncomingMessage[] = []
  let over = false
  let nonsense = ''
  let closed: number | null = null
  socket.on('unexpected-response', (_request, response: IncomingMessage) => answers.push(response))
  socket.on('upgrade', (response: IncomingMessage) => answers.push(response))
  socket.on('message', (data) => received.push(parsed(String(data)) ?? String(data)))
  socket.on('error', (error: Error & { readonly rawPacket?: Buffer }) => {
    over = true
    // The parser of Node's client keeps a response that it does not understand.
    nonsense = error.rawPacket?.toString('latin1').split('\r\n')[0] ?? ''
  })
  socket.on('close', (code: number) => {
    over = true
    closed = code
  })
  const request = [`GET ${target} HTTP/1.1`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)]
  const head = `${request.join('\n')}\nUpgrade: websocket\n\n`
  const isOver = await trial.until('there is an answer', () => answers.length > 0 || over).catch(() => false)
  await isAlive(trial)
  if (!isOver) {
    const saw = 'A client asked for a WebSocket, and was neither admitted nor refused:'
    throw new Late({ saw, bytes: head, at: head.length, wanted: 'HTTP/1.1 101 or 401 or 403', hint: NO_WORD })
  }
  const [answer] = answers
  const status = answer?.statusCode ?? 0
  // After admitting a client, a server sends a message or closes.
  if (status === 101) await trial.until('it has spoken', () => received.length > 0 || over).catch(() => null)
  await isAlive(trial)
  const statusLine = answer ? `HTTP/1.1 ${status} ${answer.statusMessage}` : nonsense
  return {
    get bytes() {
      const after = closed === null || status !== 101 ? [] : [`(closed with ${closed})`]
      return [head + statusLine, ...received.map((one) => JSON.stringify(one)), ...after].join('\n').trimEnd()
    },
    at: head.length + (status > 0 ? 'HTTP/1.1 '.length : 0),
    status,
    isNonsense: nonsense !== '',
    socket,
    received,
    get closed() {
      return closed
    },
  }
}

export const hostOf = ({ port }: Trial): string => `localhost:${port}`
export const ownPageOf = (trial: Trial): string => `http://${hostOf(trial)}`

interface Observed {
  readonly saw: string
  readonly hint: string
}

/** `hint` is for a client that was admitted; wrong kinds of refusal have hints of their own. */
export function expectRefused(knocked: Knock, wanted: number, { saw, hint }: Observed): void {
  const { bytes, at, status, isNonsense, received, closed } = knocked
  if (status === wanted) return
  const finding = { saw, bytes, at, wanted: String(wanted) }
  if (status === 0)
    throw new Wrong({ ...finding, wanted: `HTTP/1.1 ${wanted}`, hint: isNonsense ? 'no-http' : 'hung-up' })
  if (status !== 101) throw new Wrong({ ...finding, hint: 'another-status' })
  const isSentAway = closed !== null && closed !== 1000 && !received.some((one) => userIn(one) !== undefined)
  throw new Wrong({ ...finding, hint: isSentAway ? 'after-the-upgrade' : hint })
}

/** `hint` is for a client that was refused. */
export function expectUser(knocked: Knock, user: string, { saw, hint }: Observed): void {
  const { bytes, at, status, received } = knocked
  if (status !== 101) throw new Wrong({ saw, bytes, at, wanted: status === 0 ? 'HTTP/1.1 101' : '101', hint })
  const found = received.map(userIn).find((one) => one !== undefined)
  if (found === user) return
  const place = bytes.indexOf('"user":')
  const placeOfUser = place < 0 ? bytes.length : place + '"user":'.length
  throw new Wrong({ saw, bytes, at: placeOfUser, wanted: `"user":"${user}"`.slice(place < 0 ? 0 : 7), hint: 'whose' })
}

const userIn = (message: unknown): unknown => fieldOf(message, 'user')

/** Expects the socket to be open, and resolves. */
export async function expectOpen(
  { socket, bytes, closed }: Knock,
  trial: Trial,
  { saw, hint }: Observed,
): Promise<void> {
  await isAlive(trial)
  if (closed === null && socket.readyState === socket.OPEN) return
  throw new Wrong({ saw, bytes, at: bytes.lastIndexOf('(closed'), wanted: 'an open connection', hint })
}

/** Sends this request, and resolves when the response has begun, or with false if none comes. */
export async function isAnswered(trial: Trial, request: string): Promise<boolean> {
  const { until } = raw(trial, request)
  return until('answered')
}

/** Sends this request, and resolves when the server ends the connection, or with false if it does not. */
export async function isEnded(trial: Trial, request: string): Promise<boolean> {
  const { until } = raw(trial, request)
  return until('over')
}

/** Sends this request, and resets the connection as soon as the response has begun. */
export async function reset(trial: Trial, request: string): Promise<void> {
  const { socket, until } = raw(trial, request)
  // The end of the response must not end the connection in the usual way.
  socket.on('data', () => socket.resetAndDestroy())
  await until('over')
}

/** A frame without a mask and with bits that have no meaning (RFC 6455, sections 5.1 and 5.2). */
const BROKEN_FRAME = Buffer.from([0xf1, 0x01, 0x61])

/** Opens a WebSocket with this request, and sends a frame that breaks the protocol. */
export async function sendBrokenFrame(trial: Trial, request: string): Promise<void> {
  const { socket, until } = raw(trial, request)
  await until('answered')
  socket.write(BROKEN_FRAME)
  await until('over')
}

interface Raw {
  readonly socket: Socket
  /** Resolves with false if it does not happen in time. `over`: the connection has ended. */
  until(what: 'answered' | 'over'): Promise<boolean>
}

/** Opens a connection and sends this request. */
function raw(trial: Trial, request: string): Raw {
  const socket = trial.socket()
  let isAnswered = false
  let isOver = false
  socket.on('data', () => (isAnswered = true))
  socket.on('end', () => (isOver = true)).on('close', () => (isOver = true))
  socket.write(request)
  return {
    socket,
    async until(what) {
      const holds = () => isOver || (what === 'answered' && isAnswered)
      const isSo = await trial.until('the server reacts', holds).catch(() => false)
      await isAlive(trial)
      return isSo
    },
  }
}

export const upgradeOf = (target: string, headers: Readonly<Record<string, string>>): string =>
  [
    `GET ${target} HTTP/1.1`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '\r\n',
  ].join('\r\n')
