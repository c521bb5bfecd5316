/**
 * What a check says and hears over a WebSocket. Each expectation takes the next message that came
 * and throws `Wrong` with the conversation as far as it went, written as wscat writes it.
 */
import type { ClientOptions, WebSocket } from 'ws'
import { Late, Wrong } from './exercise.ts'
import type { Finding, Hint } from './exercise.ts'
import { settled } from './stream.ts'
import type { Trial } from './trial.ts'

export interface Conversation {
  readonly socket: WebSocket
  /** All that came so far. */
  readonly heard: readonly string[]
  /** Null while the connection is open. */
  readonly closed: { readonly code: number; readonly reason: string } | null
  /** Text as it is, bytes as a binary message, anything else as JSON. */
  say(message: unknown): void
  /** Of the messages that came, those that no expectation has taken. */
  readonly untaken: readonly string[]
  take(): string | undefined
  /** The lines so far; `at` is where the message that was taken last begins, or the end. */
  shown(): { readonly bytes: string; readonly at: number }
}

/** How what came is not what was wanted. `closed`: nothing came, and nothing will. */
export type Amiss = 'nothing' | 'closed' | 'no JSON' | 'another type' | 'another value'

export interface Told {
  readonly saw: string
  readonly why?: string
  readonly hint: string | Hint | ((amiss: Amiss) => string | Hint)
}

/** Fields that a message has to have, besides any others. */
export type Wanted = Readonly<Record<string, string | number | boolean | RegExp>>

/** The first of a program compiles much, and a busy machine takes its time for that. */
const HANDSHAKE_MS = 3000

/** Opens a WebSocket, and resolves when the handshake is done. Throws where it is refused, or never done. */
export async function converse(trial: Trial, target: string, options?: ClientOptions): Promise<Conversation> {
  const socket = trial.websocket(target, options)
  const lines: string[] = [`GET ${target} HTTP/1.1`, 'Upgrade: websocket', '']
  const heard: string[] = []
  const places: number[] = []
  let taken = 0
  let closed: Conversation['closed'] = null
  let refused: string | null = null

  // At once: a message may follow it in the same read.
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
    throw new Late({ ...finding, saw: 'A client asked for a WebSocket, and got none:' })
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

/** The next message has these fields. Gives it back. */
export async function expectNext(
  trial: Trial,
  talk: Conversation,
  wanted: Wanted,
  told: Told,
): Promise<Readonly<Record<string, unknown>>> {
  const isHere = () => talk.untaken.length > 0 || talk.closed !== null
  await trial.until('it has come', isHere).catch(() => {})
  await isAlive(trial)
  const text = talk.take()
  if (text === undefined) {
    const { bytes } = talk.shown()
    const finding = { ...plain(told, talk.closed ? 'closed' : 'nothing'), bytes, at: bytes.length }
    if (talk.closed) throw new Wrong({ ...finding, at: bytes.lastIndexOf('\n') + 1, wanted: wordsOf(wanted) })
    throw new Late({ ...finding, bytes: `${bytes}\n`, at: bytes.length + 1, wanted: wordsOf(wanted) })
  }
  const { bytes, at } = talk.shown()
  const message = objectIn(text)
  if (message === null) throw new Wrong({ ...plain(told, 'no JSON'), bytes, at, wanted: wordsOf(wanted) })
  for (const [name, value] of Object.entries(wanted)) {
    const found = message[name]
    if (isSame(found, value)) continue
    const amiss = name === 'type' ? 'another type' : 'another value'
    const key = text.indexOf(`"${name}":`)
    const isMissing = key < 0 || amiss === 'another type'
    throw new Wrong({
      ...plain(told, amiss),
      bytes,
      at: isMissing ? at : at + key + name.length + 3,
      wanted: isMissing ? wordsOf(wanted) : word(value),
    })
  }
  return message
}

/** Nothing came but what has been taken, and the connection is still open. */
export async function expectQuiet(trial: Trial, talk: Conversation, told: Told): Promise<void> {
  await settled(trial)
  await isAlive(trial)
  const isAnything = talk.take() !== undefined
  if (!isAnything && !talk.closed) return
  const { bytes, at } = talk.shown()
  throw new Wrong({
    ...plain(told, isAnything ? 'another value' : 'closed'),
    bytes,
    at: isAnything ? at : bytes.lastIndexOf('\n') + 1,
    wanted: isAnything ? 'nothing' : 'that it stays open',
  })
}

/**
 * Where the process has ended that is the finding, and whoever runs the check says so: what the
 * check would see from outside is no more than what such an end looks like.
 */
async function isAlive(trial: Trial): Promise<void> {
  await trial.reads().catch(() => new Promise(() => {}))
}

function plain({ saw, why, hint }: Told, amiss: Amiss): Pick<Finding, 'saw' | 'why' | 'hint'> {
  return { saw, ...(why !== undefined && { why }), hint: typeof hint === 'function' ? hint(amiss) : hint }
}

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : null
  } catch {
    return null
  }
}

const isSame = (found: unknown, wanted: Wanted[string]): boolean =>
  wanted instanceof RegExp ? typeof found === 'string' && wanted.test(found) : found === wanted

const wordsOf = (wanted: Wanted): string =>
  `{${Object.entries(wanted)
    .map(([name, value]) => `"${name}":${word(value)}`)
    .join(',')}}`

/** What a pattern asks for is said by its check; here it stands for any text that does. */
const word = (value: Wanted[string]): string => (value instanceof RegExp ? '"\u2026"' : JSON.stringify(value))

const SHOWN_CHARS = 70

const cut = (text: string): string => (text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}\u2026` : text)

const textOf = (message: unknown): string => (typeof message === 'string' ? message : JSON.stringify(message))

const NO_HANDSHAKE: Hint = [
  'The client asked for a WebSocket, and the connection did not become one.',
  'Look at the address that you register, and at what becomes of a request that wants to be upgraded.',
  'A WebSocket begins as a GET. Until the 101 it is HTTP, with its routes and its errors.',
]
