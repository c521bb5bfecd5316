/**
 * Expectations about a WebSocket. Each takes the next message, and throws `Wrong` with the conversation so far, in the
 * notation of wscat.
 */
import type { ClientOptions, WebSocket } from 'ws'
import { Late, Wrong, textFor } from './finding.ts'
import type { FindingText } from './finding.ts'
import { NO_HANDSHAKE } from './hints.ts'
import { parsed } from './json.ts'
import { settled } from './stream.ts'
import type { Trial } from './trial.ts'

export interface Conversation {
  readonly socket: WebSocket
  /** All messages received so far. */
  readonly heard: readonly string[]
  /** Null while the connection is open. */
  readonly closed: { readonly code: number; readonly reason: string } | null
  /** Sends text unchanged, bytes as a binary message, and every other value as JSON. */
  say(message: unknown): void
  /** Received messages that no expectation has taken yet. */
  readonly untaken: readonly string[]
  take(): string | undefined
  /** Returns the conversation as text. `at`: position of the last taken message, or the end. */
  shown(): { readonly bytes: string; readonly at: number }
}

/** How a message differs from the wanted one. `closed`: the connection ended without a message. */
export type Mismatch = 'nothing' | 'closed' | 'no JSON' | 'another type' | 'another value'

/** Fields that a message must have; it may have others. */
export type Wanted = Readonly<Record<string, string | number | boolean | RegExp>>

/** Time limit of a handshake; the first one of a program takes longer. */
const HANDSHAKE_MS = 3000

/** Opens a WebSocket, and resolves after the handshake. Throws if the handshake is refused or gets no response. */
export async function converse(trial: Trial, target: string, options?: ClientOptions): Promise<Conversation> {
  const socket = trial.websocket(target, options)
  const lines: string[] = [`GET ${target} HTTP/1.1`, 'Upgrade: websocket', '']
  const heard: string[] = []
  const places: number[] = []
  let taken = 0
  let closed: Conversation['closed'] = null
  let refused: string | null = null

  // This line is added at once, because a message may arrive in the same read.
  socket.on('open', () => lines.push('HTTP/1.1 101 Switching Protocols', ''))
  socket.on('unexpected-response', (_request, response) => {
    refused = `HTTP/1.1 ${response.statusCode} ${response.statusMessage}`
    response.destroy()
  })
  socket.on('message', (data, isBinary) => {
    const text = isBinary ? `(${String(data).length} bytes, binary)` : String(data)
    places.push(lines.length)
    lines.push(`< ${text}`)
    heard.push(text)
  })
  socket.on('close', (code, reason) => {
    closed = { code, reason: String(reason) }
    lines.push(`Disconnected (code: ${code}, reason: "${String(reason)}")`)
  })

  const isOver = () => socket.readyState === socket.OPEN || refused !== null || closed !== null
  await trial.until('the handshake is done', isOver, HANDSHAKE_MS).catch(() => {})
  const shown = () => {
    const place = places[taken - 1]
    const text = lines.join('\n')
    return { bytes: text, at: place === undefined ? text.length : lines.slice(0, place).join('\n').length + 3 }
  }
  if (socket.readyState !== socket.OPEN) {
    await isAlive(trial)
    const bytes = `${lines.slice(0, 3).join('\n')}\n${refused ?? ''}`
    const finding = { bytes, at: bytes.length, wanted: 'HTTP/1.1 101 Switching Protocols', hint: NO_HANDSHAKE }
    if (refused !== null)
      throw new Wrong({ ...finding, saw: 'The WebSocket was refused:', at: bytes.lastIndexOf('\n') + 1 })
    throw new Late({ ...finding, saw: 'A client asked for a WebSocket, and got no response:' })
  }

  return {
    socket,
    heard,
    get closed() {
      return closed
    },
    say(message) {
      const isRaw = typeof message === 'string' || message instanceof Uint8Array
      lines.push(`> ${message instanceof Uint8Array ? `(${message.length} bytes, binary)` : cut(textOf(message))}`)
      socket.send(isRaw ? message : JSON.stringify(message))
    },
    get untaken() {
      return heard.slice(taken)
    },
    take() {
      const message = heard[taken]
      if (message !== undefined) taken += 1
      return message
    },
    shown,
  }
}

/** Opens a WebSocket by hand, and sends bytes that are not a frame. Resolves when the program has closed the connection. */
export async function sendNoise(trial: Trial, target: string): Promise<void> {
  const wire = trial.socket()
  const lines = [`GET ${target} HTTP/1.1`, 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket']
  wire.write(
    [...lines, 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '\r\n'].join('\r\n'),
  )
  let isOpen = false
  wire.on('data', () => (isOpen = true))
  await trial.until('the handshake is done', () => isOpen, HANDSHAKE_MS).catch(() => {})
  wire.write(new Uint8Array(16).fill(0xff))
  await trial.until('it is closed', () => wire.closed).catch(() => {})
  await isAlive(trial)
}

/** Expects the next message to have these fields, and returns it. */
export async function expectNext(
  trial: Trial,
  talk: Conversation,
  wanted: Wanted,
  report: FindingText<Mismatch>,
): Promise<Readonly<Record<string, unknown>>> {
  const isHere = () => talk.untaken.length > 0 || talk.closed !== null
  await trial.until('it has come', isHere).catch(() => {})
  await isAlive(trial)
  const text = talk.take()
  if (text === undefined) {
    const { bytes } = talk.shown()
    const finding = { ...textFor(report, talk.closed ? 'closed' : 'nothing'), bytes, at: bytes.length }
    if (talk.closed) throw new Wrong({ ...finding, at: bytes.lastIndexOf('\n') + 1, wanted: wordsOf(wanted) })
    throw new Late({ ...finding, bytes: `${bytes}\n`, at: bytes.length + 1, wanted: wordsOf(wanted) })
  }
  const { bytes, at } = talk.shown()
  const message = objectIn(text)
  if (message === null) throw new Wrong({ ...textFor(report, 'no JSON'), bytes, at, wanted: wordsOf(wanted) })
  for (const [name, value] of Object.entries(wanted)) {
    const found = message[name]
    if (isSame(found, value)) continue
    const mismatch = name === 'type' ? 'another type' : 'another value'
    const key = text.indexOf(`"${name}":`)
    const isMissing = key < 0 || mismatch === 'another type'
    throw new Wrong({
      ...textFor(report, mismatch),
      bytes,
      at: isMissing ? at : at + key + name.length + 3,
      wanted: isMissing ? wordsOf(wanted) : word(value),
    })
  }
  return message
}

/** Expects no further message, and an open connection. */
export async function expectQuiet(trial: Trial, talk: Conversation, report: FindingText<Mismatch>): Promise<void> {
  await settled(trial)
  await isAlive(trial)
  const isAnything = talk.take() !== undefined
  if (!isAnything && !talk.closed) return
  const { bytes, at } = talk.shown()
  throw new Wrong({
    ...textFor(report, isAnything ? 'another value' : 'closed'),
    bytes,
    at: isAnything ? at : bytes.lastIndexOf('\n') + 1,
    wanted: isAnything ? 'nothing' : 'an open connection',
  })
}

/**
 * Resolves if the process is alive. Otherwise never resolves, because the judge then reports the end of the process,
 * which is the cause of whatever the check observes.
 */
export async function isAlive(trial: Trial): Promise<void> {
  await trial.reads().catch(() => new Promise(() => {}))
}

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  const value = parsed(text)
  return typeof value === 'object' && value !== null ? { ...value } : null
}

const isSame = (found: unknown, wanted: Wanted[string]): boolean =>
  wanted instanceof RegExp ? typeof found === 'string' && wanted.test(found) : found === wanted

const wordsOf = (wanted: Wanted): string =>
  `{${Object.entries(wanted)
    .map(([name, value]) => `"${name}":${word(value)}`)
    .join(',')}}`

/** Text of a wanted value; a pattern is shown as "…". */
const word = (value: Wanted[string]): string => (value instanceof RegExp ? '"\u2026"' : JSON.stringify(value))

const SHOWN_CHARS = 70

const cut = (text: string): string => (text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}\u2026` : text)

const textOf = (message: unknown): string => (typeof message === 'string' ? message : JSON.stringify(message))
