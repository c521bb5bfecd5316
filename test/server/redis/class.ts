/** Several servers of one class on one Redis, and requests of the people in it. */
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { redisLog } from '../../../server/redis/redis-log.ts'
import { testRedis } from '../../redis.ts'
import type { TestRedis } from '../../redis.ts'
import { serve } from '../../serve.ts'
import type { Served, ServeOptions } from '../../serve.ts'
import { until } from '../../until.ts'

export const PASSWORD = 'four-wires-and-a-class'
export const TOKEN = 'k7f2-9xqm-abcd-0123-wxyz'

/** Starts a server on a Redis. It ends with the test. */
export async function serverOn(redis: TestRedis, options: ServeOptions = {}): Promise<Served> {
  const log = await redisLog(redis.url)
  const server = await serve({ log, isShared: true, token: TOKEN, auth: { password: PASSWORD }, ...options })
  onTestFinished(() => server.close())
  return server
}

/** Starts a Redis and two servers on it, which know each other. */
export async function startClass(
  options: ServeOptions = {},
): Promise<{ redis: TestRedis; one: Served; other: Served }> {
  const redis = await testRedis()
  onTestFinished(() => redis[Symbol.asyncDispose]())
  return { redis, one: await serverOn(redis, options), other: await serverOn(redis, options) }
}

export interface ClassReply {
  readonly status: number
  readonly cookie: string
  readonly body: Record<string, string>
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

export const asInstructor = bearer(TOKEN)

/** If the session of a request ends while the server works on the request, the server closes the connection. */
const insist = (url: string, init: RequestInit): Promise<Response> =>
  init.method === 'GET' ? fetch(url, init).catch(() => fetch(url, init)) : fetch(url, init)

export async function ask(
  { origin }: Served,
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<ClassReply> {
  const response = await insist(origin + path, {
    method,
    headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const cookie = String(response.headers.get('set-cookie')).replace(/;.*/, '')
  return { status: response.status, cookie, body: text.startsWith('{') ? JSON.parse(text) : {} }
}

/** Signs in, and returns the reply, which has the token. */
export const signIn = (server: Served, user: string, more: object = {}, headers = {}): Promise<ClassReply> =>
  ask(server, 'POST', '/session', { user, password: PASSWORD, as: 'token', ...more }, headers)

export async function tokenOf(server: Served, user: string): Promise<string> {
  const { status, body } = await signIn(server, user)
  if (status !== 200) throw new Error(JSON.stringify(body))
  return body['token'] ?? ''
}

/** Returns the status of a short poll; 200 also if there is nothing new. */
export async function pollWith(server: Served, headers: Record<string, string>, query = ''): Promise<number> {
  const { status } = await ask(server, 'GET', `/feed/lobby/poll?after=0${query}`, undefined, headers)
  return status === 204 ? 200 : status
}

/** Bans a person, or lifts a ban. */
export async function moderate(server: Served, user: string, is: string): Promise<void> {
  const { status, body } = await ask(server, 'PUT', `/moderation/people/${user}`, { is }, asInstructor)
  if (status !== 204) throw new Error(JSON.stringify(body))
}

/** Opens a WebSocket. `closed` resolves with the close code. */
export async function openSocket(server: Served, path: string) {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`)
  onTestFinished(() => socket.terminate())
  const heard: Record<string, string>[] = []
  socket.on('message', (data) => heard.push(JSON.parse(String(data))))
  socket.on('error', () => {})
  const closed: Promise<number> = once(socket, 'close').then(([code]) => code)
  await Promise.race([once(socket, 'open'), closed])
  return { socket, heard, closed }
}

/** Opens an event stream. `closed` resolves with its whole text. */
export async function openStream(server: Served, path: string, headers: Record<string, string> = {}) {
  const abort = new AbortController()
  onTestFinished(() => abort.abort())
  const response = await fetch(server.origin + path, { headers, signal: abort.signal })
  if (response.status !== 200) throw new Error(await response.text())
  let text = ''
  const read = async (): Promise<string> => {
    for await (const bytes of response.body ?? []) text += Buffer.from(bytes).toString()
    return text
  }
  const closed = read().catch(() => text)
  await until('the stream has begun', () => text !== '')
  return { text: () => text, closed }
}
