/**
 * Tests of moderation: what the instructor removes is missing from every transport, from replay, and after a restart.
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { memoryLog } from '../../../server/feed/memory-log.ts'
import { sqliteLog } from '../../../server/feed/sqlite-log.ts'
import type { Event } from '../../../server/protocol/feed.ts'
import { serve } from '../../serve.ts'
import type { Served, ServeOptions } from '../../serve.ts'
import { until } from '../../until.ts'

const TOKEN = 'k7f2-9xqm-abcd-0123-wxyz'

async function served(options: ServeOptions = {}): Promise<Served> {
  const server = await serve({ isShared: true, token: TOKEN, ...options })
  onTestFinished(() => server.close())
  return server
}

function ask({ origin }: Served, method: string, path: string, body?: object, headers = {}) {
  return fetch(origin + path, {
    method,
    headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  })
}

const asInstructor = { authorization: `Bearer ${TOKEN}` }

const say = (server: Served, user: string, text: string, path = '/feed/lobby') =>
  ask(server, 'POST', path, { user, text })

const replay = async ({ origin }: Served): Promise<Event[]> =>
  (await (await fetch(`${origin}/feed/lobby/poll?after=0`)).json()).events

async function listen({ port }: Served, path: string) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`)
  onTestFinished(() => socket.terminate())
  const heard: (Event & { code?: string })[] = []
  socket.on('message', (data) => heard.push(JSON.parse(String(data))))
  const closed = once(socket, 'close')
  await once(socket, 'open')
  return { socket, heard, closed }
}

const ROUTES = [
  ['DELETE', '/feed/lobby/messages/x.1'],
  ['DELETE', '/feed/lobby/messages'],
  ['DELETE', '/boards/lobby'],
  ['DELETE', '/boards'],
  ['GET', '/moderation'],
  ['PUT', '/moderation/people/Ada'],
] as const

test.each(ROUTES)('the server refuses %s %s to everybody but the instructor', async (method, path) => {
  const server = await served()
  const body = method === 'PUT' ? { is: 'muted' } : undefined
  expect((await ask(server, method, path, body)).status).toBe(403)
  expect((await ask(server, method, path, body, { authorization: 'Bearer wrong' })).status).toBe(403)
})

describe.each(['memory', 'SQLite'] as const)('with a %s log', (kind) => {
  const logs = () => {
    if (kind === 'memory') return { log: memoryLog(), again: null }
    const folder = mkdtempSync(join(tmpdir(), 'fourwire-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'feed.db')
    return { log: sqliteLog(file), again: () => sqliteLog(file) }
  }

  test('readers get the id of a removed message, and a replay has its place without its content', async () => {
    const { log, again } = logs()
    const server = await served({ log })
    const { heard } = await listen(server, '/feed/lobby/ws')
    const key = { 'idempotency-key': 'k1' }
    const message = await (await ask(server, 'POST', '/feed/lobby', { user: 'Eve', text: 'rude' }, key)).json()
    await say(server, 'Ada', 'fine')
    expect((await ask(server, 'DELETE', `/feed/lobby/messages/${message.id}`, undefined, asInstructor)).status).toBe(
      204,
    )
    await until('the reader gets message_removed', () => heard.some(({ type }) => type === 'message_removed'))
    expect(heard.at(-1)).toMatchObject({ type: 'message_removed', target: message.id })
    const events = await replay(server)
    expect(events.map(({ type }) => type)).toEqual(['removed', 'message', 'message_removed'])
    expect(events[0]).toEqual({ id: message.id, room: 'lobby', type: 'removed', at: message.at })
    const repeated = await ask(server, 'POST', '/feed/lobby', { user: 'Eve', text: 'rude' }, key)
    expect([repeated.status, await repeated.text()]).toEqual([200, expect.not.stringContaining('rude')])
    const twice = await ask(server, 'DELETE', `/feed/lobby/messages/${message.id}`, undefined, asInstructor)
    expect([twice.status, (await twice.json()).code]).toEqual([404, 'unknown-message'])
    if (!again) return
    await server.close()
    expect(JSON.stringify(await replay(await served({ log: again() })))).not.toContain('rude')
  })

  test('clearing a room removes all earlier messages and no later ones', async () => {
    const server = await served(logs())
    for (const text of ['one', 'two', 'three']) await say(server, 'Eve', text)
    expect((await ask(server, 'DELETE', '/feed/lobby/messages', undefined, asInstructor)).status).toBe(204)
    await say(server, 'Ada', 'four')
    const events = await replay(server)
    expect(events.map(({ type }) => type)).toEqual(['removed', 'removed', 'removed', 'room_cleared', 'message'])
    expect(events.map(({ text }) => text).filter(Boolean)).toEqual(['four'])
  })

  test('a deleted board is empty and its readers get an event, and one request can delete all boards', async () => {
    const server = await served(logs())
    const list = { user: 'Eve', type: 'list_created', list: { id: 'rude', title: 'rude' } }
    for (const room of ['a', 'b', 'c']) expect((await ask(server, 'POST', `/boards/${room}`, list)).status).toBe(201)
    const { heard } = await listen(server, '/feed/a/ws')
    expect((await ask(server, 'DELETE', '/boards/a', undefined, asInstructor)).status).toBe(204)
    await until('the reader gets board_deleted', () => heard.some(({ type }) => type === 'board_deleted'))
    const boards = async () =>
      Promise.all(['a', 'b', 'c'].map(async (room) => (await ask(server, 'GET', `/boards/${room}`)).text()))
    expect((await boards()).map((text) => text.includes('rude'))).toEqual([false, true, true])
    expect((await ask(server, 'DELETE', '/boards', undefined, asInstructor)).status).toBe(204)
    expect((await boards()).some((text) => text.includes('rude'))).toBe(false)
    expect(await (await ask(server, 'GET', '/feed/a/poll?after=0')).text()).not.toContain('rude')
    expect((await ask(server, 'POST', '/boards/a', list)).status).toBe(201)
  })

  test('deleting all boards also deletes the events of a board that was emptied before', async () => {
    const server = await served(logs())
    const change = async (type: string) =>
      (await ask(server, 'POST', '/boards/a', { user: 'Eve', type, list: { id: 'rude', title: 'rude' } })).status
    expect(await change('list_created')).toBe(201)
    const emptied = { user: 'Eve', type: 'list_deleted', list: { id: 'rude' } }
    expect((await ask(server, 'POST', '/boards/a', emptied)).status).toBe(201)
    expect((await ask(server, 'DELETE', '/boards', undefined, asInstructor)).status).toBe(204)
    expect(await (await ask(server, 'GET', '/feed/a/poll?after=0')).text()).not.toContain('rude')
  })
})

describe('a muted person', () => {
  test('can read but not publish until the mute is lifted', async () => {
    const server = await served()
    const { socket, heard } = await listen(server, '/feed/lobby/ws')
    const chat = await listen(server, '/chat')
    await ask(server, 'PUT', '/moderation/people/Eve', { is: 'muted' }, asInstructor)
    expect(await (await ask(server, 'GET', '/moderation', undefined, asInstructor)).json()).toEqual({
      signedIn: [],
      people: [{ user: 'Eve', is: 'muted' }],
    })
    for (const name of ['Eve', 'EVE', ' eve ']) expect((await say(server, name, 'x')).status).toBe(403)
    socket.send('{"type":"message","user":"Eve","text":"x"}')
    await until('the feed refuses the message', () => heard.some(({ code }) => code === 'muted'))
    chat.socket.send('{"username":"Eve","message":"x"}')
    await until('the chat refuses the message', () => chat.heard.some(({ code }) => code === 'muted'))
    const list = { user: 'Eve', type: 'list_created', list: { title: 'x' } }
    expect((await (await ask(server, 'POST', '/boards/a', list)).json()).code).toBe('muted')
    expect((await ask(server, 'POST', '/feed/lobby/typing', { user: 'Eve' })).status).toBe(403)
    expect((await ask(server, 'GET', '/feed/lobby/poll?user=Eve')).status).toBe(200)
    await ask(server, 'PUT', '/moderation/people/Eve', { is: 'allowed' }, asInstructor)
    expect((await say(server, 'Eve', 'x')).status).toBe(201)
  })

  test('stays muted if the same page uses another name', async () => {
    const server = await served()
    expect((await say(server, 'Eve', 'x', '/feed/lobby?lane=abcd1234.x')).status).toBe(201)
    await ask(server, 'PUT', '/moderation/people/Eve', { is: 'muted' }, asInstructor)
    expect((await say(server, 'Mallory', 'x', '/feed/lobby?lane=abcd1234.x')).status).toBe(403)
    expect((await say(server, 'Ada', 'x', '/feed/lobby?lane=beef1234.x')).status).toBe(201)
  })
})

test('a muted person cannot send "typing" under that name, even on a connection that was opened later', async () => {
  const server = await served()
  await ask(server, 'PUT', '/moderation/people/Eve', { is: 'muted' }, asInstructor)
  const feed = await listen(server, '/feed/lobby/ws')
  feed.socket.send('{"type":"join","room":"lobby","user":"Eve"}')
  feed.socket.send('{"type":"typing"}')
  await until('the feed refuses the typing', () => feed.heard.some(({ code }) => code === 'muted'))
  const lab = await listen(server, '/lab?room=lobby')
  lab.socket.send('{"type":"here","userId":"eve","name":"Eve"}')
  lab.socket.send('{"type":"typing"}')
  await until('the lab refuses the typing', () => lab.heard.some(({ code }) => code === 'muted'))
  expect((await ask(server, 'POST', '/feed/lobby/typing', { user: 'x', name: 'Eve' })).status).toBe(403)
})

test.each(['E\u200bve', '   ', '\u202eevE', 'a/b', '..', '%2e'])(
  'the instructor can mute the name "%s" and allow it again',
  async (name) => {
    const server = await served()
    const path = `/moderation/people/${encodeURIComponent(name).replace(/^\.+$/, '%20$&')}`
    expect((await ask(server, 'PUT', path, { is: 'muted' }, asInstructor)).status).toBe(204)
    expect((await say(server, name, 'x')).status).toBe(403)
    expect((await ask(server, 'PUT', path, { is: 'allowed' }, asInstructor)).status).toBe(204)
    expect((await say(server, name, 'x')).status).toBe(201)
  },
)

describe('a removed person', () => {
  test('loses all connections if signing in is off, and is refused under that name', async () => {
    const server = await served()
    const eve = await listen(server, '/feed/lobby/ws?user=Eve')
    const ada = await listen(server, '/feed/lobby/ws?user=Ada')
    await ask(server, 'PUT', '/moderation/people/Eve', { is: 'removed' }, asInstructor)
    expect((await eve.closed)[0]).toBe(3000)
    expect((await ask(server, 'GET', '/feed/lobby/poll?user=Eve')).status).toBe(403)
    expect((await say(server, 'Eve', 'x')).status).toBe(403)
    await say(server, 'Ada', 'still here')
    await until('Ada receives the next message', () => ada.heard.some(({ text }) => text === 'still here'))
  })

  test('is refused if signing in is off, even on a connection that sends the name only in a message', async () => {
    const server = await served()
    await ask(server, 'PUT', '/moderation/people/Eve', { is: 'removed' }, asInstructor)
    expect((await ask(server, 'GET', '/feed/lobby/poll?user=x&name=Eve')).status).toBe(403)
    expect((await ask(server, 'POST', '/feed/lobby/leave', { user: 'Eve' })).status).toBe(403)
    const feed = await listen(server, '/ws')
    feed.socket.send('{"type":"join","room":"lobby","user":"Eve"}')
    await until('the feed refuses the join', () => feed.heard.some(({ code }) => code === 'removed-person'))
    const lab = await listen(server, '/lab?room=lobby')
    lab.socket.send('{"type":"here","userId":"x","name":"Eve"}')
    await until('the lab refuses the presence', () => lab.heard.some(({ code }) => code === 'removed-person'))
  })

  test('is signed out if signing in is on, and cannot sign in until the ban is lifted', async () => {
    const server = await served({ auth: { password: 'four-wires-and-a-class' } })
    const signIn = async () =>
      (await ask(server, 'POST', '/session', { user: 'Eve', password: 'four-wires-and-a-class', as: 'token' })).json()
    const { token } = await signIn()
    const eve = await listen(server, `/chat/ws?token=${token}`)
    await ask(server, 'PUT', '/moderation/people/eve', { is: 'removed' }, asInstructor)
    expect((await eve.closed)[0]).toBe(3000)
    expect((await signIn()).code).toBe('removed-person')
    await ask(server, 'PUT', '/moderation/people/eve', { is: 'allowed' }, asInstructor)
    expect((await signIn()).user).toBe('Eve')
    await ask(server, 'PUT', '/moderation/people/Eve', { is: 'signed out' }, asInstructor)
    expect((await signIn()).user).toBe('Eve')
  })
})

test('behind a proxy that reuses its connections, a ban affects only the banned person', async () => {
  const server = await served({ trustProxy: (address) => address === '127.0.0.1' })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  const sayAs = async (user: string, from: string): Promise<number | undefined> => {
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': from }
    const asked = request(`${server.origin}/feed/lobby`, { method: 'POST', agent, headers })
    asked.end(JSON.stringify({ user, text: 'x' }))
    const [response] = await once(asked, 'response')
    response.resume()
    await once(response, 'end')
    return response.statusCode
  }
  expect(await sayAs('Eve', '192.0.2.1')).toBe(201)
  await ask(server, 'PUT', '/moderation/people/Eve', { is: 'removed' }, asInstructor)
  expect(await sayAs('Ada', '192.0.2.2')).toBe(201)
  expect(await sayAs('Eve', '192.0.2.1')).toBe(403)
})
