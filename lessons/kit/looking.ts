/** Functions for the small programs of a lesson's section *Look*, which run in every terminal whatever its shell. */
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { readRunning } from './running.ts'

export type Looks = Readonly<Record<string, () => Promise<void>>>

const running = readRunning()

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Origin of the sandbox of the running lesson. */
export const sandbox = process.env['FOURWIRE_SANDBOX'] ?? running?.sandbox ?? 'http://localhost:3000'

/** Returns the origin of the student's server. */
export function yoursIn(lesson: number): string {
  const now = running?.lesson === lesson ? running.yours : null
  return process.env['FOURWIRE_YOURS'] ?? now ?? `http://localhost:${4100 + lesson}`
}

export interface LookRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Body of the request. It is sent as JSON, unless it is a text already. */
  readonly body?: unknown
}

export interface LookResponse {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
  /** Numbers of bytes on the wire: request, head of the response, body. */
  readonly bytes: { readonly request: number; readonly head: number; readonly body: number }
  readonly ms: number
}

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export const print = (...words: readonly unknown[]): void => void process.stdout.write(`${words.join(' ')}\n`)

/** Sends a request. Rejects with a sentence if no server listens there. */
export async function ask(url: string, asked: LookRequest = {}): Promise<LookResponse> {
  const startMs = performance.now()
  const response = await responseTo(url, asked)
  let text = ''
  response.setEncoding('utf8').on('data', (more: string) => (text += more))
  await once(response, 'end')
  const { bytesRead, bytesWritten } = response.socket
  const body = Buffer.byteLength(text)
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text,
    bytes: { request: bytesWritten, head: bytesRead - body, body },
    ms: performance.now() - startMs,
  }
}

/** Like `ask`; also prints request and response. `name`: name of the client, if there are several. */
export async function show(url: string, asked: LookRequest = {}, name = ''): Promise<LookResponse> {
  const { method = 'GET', body } = asked
  const label = name === '' ? '' : `${name} `
  print(`${label}> ${method} ${pathOf(url)}`, ...(body === undefined ? [] : [textOf(body)]))
  const answered = await ask(url, asked)
  print(`${label}< ${answered.status} after ${(answered.ms / 1000).toFixed(1)} s`, answered.text)
  return answered
}

export interface Listening {
  /** Resolves when the stream is open. */
  readonly opened: Promise<IncomingMessage>
  /** Resolves with the whole text and its duration at the end of the stream or of the time. */
  readonly ended: Promise<{ readonly text: string; readonly ms: number; readonly isCut: boolean }>
}

/** Listens to an event stream, and prints its lines if it has a name. */
export function listen(name: string, url: string, forMs: number, headers: LookRequest['headers'] = {}): Listening {
  const startMs = performance.now()
  const opened = responseTo(url, { headers })
  const hear = async () => {
    const response = await opened
    let text = ''
    response.on('error', () => {})
    response.setEncoding('utf8').on('data', (more: string) => {
      text += more
      for (const line of more.split('\n')) if (line !== '' && name !== '') print(`${name} < ${line}`)
    })
    const closed = new Promise<true>((resolve) => response.once('close', () => resolve(true)))
    const isCut = await Promise.race([closed, wait(forMs).then(() => false)])
    response.destroy()
    return { text, ms: performance.now() - startMs, isCut }
  }
  return { opened, ended: hear() }
}

export async function publish(room: string, text = 'hello', at = sandbox): Promise<void> {
  const { status, text: problem } = await ask(`${at}/feed/${room}`, { method: 'POST', body: { user: 'Ada', text } })
  if (status >= 400) throw new Error(problem)
}

export async function cursorOf(room: string): Promise<string> {
  return JSON.parse((await ask(`${sandbox}/feed/${room}/poll`)).text).cursor
}

/** Changes the instructor's settings. `room`: room of the metronome. */
export async function set(change: object, room = 'lobby'): Promise<void> {
  await command('PUT', `/lab/settings?room=${room}`, change)
}

/**
 * Sets conditions, does the work, and sets the former conditions again. It also does this when a signal ends this
 * program, because a forgotten firewall would break every later experiment.
 */
export async function under(conditions: Readonly<Record<string, unknown>>, work: () => Promise<void>, room = 'lobby') {
  // The response to a change of nothing is the current settings.
  const { text } = await act('PUT', `/lab/settings?room=${room}`, {})
  const before: { conditions: Record<string, unknown> } = JSON.parse(text)
  const former = Object.fromEntries(Object.keys(conditions).map((name) => [name, before.conditions[name]]))
  const undo = () => set({ conditions: former }, room)
  const undoAndExit = () => void undo().finally(() => process.exit(1))
  for (const signal of SIGNALS) process.once(signal, undoAndExit)
  try {
    await set({ conditions }, room)
    await work()
  } finally {
    for (const signal of SIGNALS) process.off(signal, undoAndExit)
    await undo()
  }
}

export async function cut(how: 'FIN' | 'RST' | 'black hole'): Promise<void> {
  await command('POST', '/lab/cut', { how })
}

async function command(method: string, path: string, body: object): Promise<void> {
  print(`> ${method} ${path} ${JSON.stringify(body)}`)
  await act(method, path, body)
}

async function act(method: string, path: string, body: object): Promise<LookResponse> {
  const token = process.env['FOURWIRE_INSTRUCTOR_TOKEN'] || running?.token
  const headers = token ? { authorization: `Bearer ${token}` } : {}
  const response = await ask(sandbox + path, { method, headers, body })
  if (response.status >= 400) throw new Error(response.text)
  return response
}

const HANDSHAKE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

export interface HandshakeResponse {
  /** Status line and headers of the response. */
  readonly head: string
  /** Bytes after the head, which are frames. */
  readonly frames: Buffer
  readonly ms: number
  /** False if the time ended first. */
  readonly isEnded: boolean
}

/** Sends a WebSocket handshake as bytes, and collects the response for this time. */
export async function shakeHands(
  url: string,
  forMs: number,
  headers: LookRequest['headers'] = {},
): Promise<HandshakeResponse> {
  const { hostname, port, host, pathname, search } = new URL(url)
  const startMs = performance.now()
  const socket = connect(Number(port), hostname)
  let received = Buffer.alloc(0)
  socket.on('data', (more: Buffer) => (received = Buffer.concat([received, more])))
  const fields = Object.entries({ host, ...HANDSHAKE, ...headers }).map(([name, value]) => `${name}: ${value}`)
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`)
  const isEnded = await Promise.race([
    once(socket, 'close').then(() => true, nobodyAt(url)),
    wait(forMs).then(() => false),
  ])
  socket.destroy()
  const end = received.indexOf('\r\n\r\n') + 4
  const head = received.toString('latin1', 0, end)
  return { head, frames: received.subarray(end), ms: performance.now() - startMs, isEnded }
}

/** Removes control characters, which a terminal would execute. */
export const printable = (bytes: Buffer): string => bytes.toString('latin1').replace(/[^\n -~]/g, '')

async function responseTo(url: string, { method = 'GET', headers = {}, body }: LookRequest): Promise<IncomingMessage> {
  const sent = body === undefined ? undefined : textOf(body)
  const type =
    sent === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent) }
  const asked = request(url, { method, agent: false, headers: { accept: '*/*', ...type, ...headers } }).end(sent)
  const [response] = await once(asked, 'response').catch(nobodyAt(url))
  return response
}

const textOf = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body))

/** Returns a function that throws the reason why a connection to `url` failed. */
export const nobodyAt = (url: string) => (cause: unknown) => {
  const { origin } = new URL(url)
  throw new Error(`No server responds at ${origin}. Start the lesson in another terminal: npm run lesson`, { cause })
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url)
  return pathname + search
}

const socketAddress = (url: string): string => url.replace(/^http/, 'ws')

/** Opens a WebSocket, and prints its messages if it has a name. Calls `heard` for each message. */
export async function openSocket(
  name: string,
  url: string,
  heard: (text: string, socket: WebSocket) => void = () => {},
): Promise<WebSocket> {
  const socket = new WebSocket(socketAddress(url))
  socket.onmessage = ({ data }) => {
    if (name !== '') print(`${name} < ${data}`)
    heard(String(data), socket)
  }
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = () => {
      try {
        nobodyAt(url.replace(/^ws/, 'http'))(undefined)
      } catch (error) {
        reject(error)
      }
    }
  })
  return socket
}

/** Sends each line after the response to the previous one, and prints both. */
export async function converse(url: string, lines: readonly string[]): Promise<void> {
  const left = [...lines]
  const ended = Promise.withResolvers<void>()
  const next = (socket: WebSocket): void => {
    const line = left.shift()
    if (line === undefined) return void socket.close()
    print(`> ${line}`)
    socket.send(line)
  }
  const socket = await openSocket('', url, (text, opened) => {
    print(`< ${text}`)
    next(opened)
  })
  socket.onclose = () => ended.resolve()
  await ended.promise
}
