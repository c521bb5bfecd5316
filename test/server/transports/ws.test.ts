import { once } from 'node:events'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'

type Message = Record<string, unknown> & { type: string }

async function open(url: string) {
  const socket = new WebSocket(url)
  const messages: Message[] = []
  socket.on('message', (data) => messages.push(JSON.parse(String(data))))
  await once(socket, 'open')
  await until('the first message has arrived', () => messages.length > 0)
  return {
    socket,
    messages,
    say: (message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    next: (type: string) =>
      until(`a message of type ${type} has arrived`, () => messages.find((message) => message.type === type)),
  }
}

const wsOrigin = (origin: string) => origin.replace('http', 'ws')

test('a WebSocket without a path gets "connected", a pong for a ping, and errors that keep the connection open', async () => {
  await using server = await serve()
  const { socket, messages, say } = await open(wsOrigin(server.origin))
  expect(messages[0]).toEqual({ type: 'connected', message: 'WebSocket connected' })
  say({ type: 'ping' })
  say('hello')
  say({ type: 'dance' })
  say({ type: 'ping' })
  await until('five messages have arrived', () => messages.length === 5)
  expect(messages.map(({ type }) => type)).toEqual(['connected', 'pong', 'error', 'error', 'pong'])
  expect(messages[2]).toMatchObject({ code: 'bad-message', message: '"hello" is not valid JSON.' })
  expect(messages[3]).toMatchObject({ code: 'unknown-type', message: expect.stringContaining('dance') })
  expect(socket.readyState).toBe(WebSocket.OPEN)
  socket.close()
})

test('the message "connected" has the cursor from which reading begins, also before a replay', async () => {
  await using server = await serve()
  const events = [await server.publish('1'), await server.publish('2')]
  const { socket, messages } = await open(`${wsOrigin(server.origin)}/feed/lobby/ws?after=0`)
  await until('both events have arrived', () => messages.length === 3)
  expect(messages).toEqual([
    { type: 'connected', message: 'WebSocket connected', room: 'lobby', cursor: `${events[0]?.id.split('.')[0]}.0` },
    ...events,
  ])
  const now = await open(`${wsOrigin(server.origin)}/feed/lobby/ws`)
  expect(now.messages[0]).toMatchObject({ cursor: events[1]?.id })
  socket.close()
  now.socket.close()
})

test('a client gets a gap after the message "connected", with the cursor from which reading continues', async () => {
  await using server = await serve()
  const event = await server.publish('1')
  const cursor = `${event.id.split('.')[0]}.0`
  const { socket, messages } = await open(`${wsOrigin(server.origin)}/feed/lobby/ws?after=gone.5`)
  await until('three messages have arrived', () => messages.length === 3)
  expect(messages).toEqual([
    { type: 'connected', message: 'WebSocket connected', room: 'lobby', cursor },
    { type: 'gap', room: 'lobby', cursor },
    event,
  ])
  socket.close()
})

test.each([
  ['an empty message', '', 'bad-message'],
  ['a list', '[]', 'bad-message'],
  ['null', 'null', 'bad-message'],
  ['no type', '{}', 'bad-message'],
  ['a type that is a number', '{"type":1}', 'bad-message'],
  ['a type that is the name of a prototype\u2019s property', '{"type":"constructor"}', 'unknown-type'],
  ['a join without a room', '{"type":"join"}', 'bad-message'],
  ['a join in a bad room', '{"type":"join","room":"BAD"}', 'bad-message'],
  ['a message without a text', '{"type":"message","user":"Ada"}', 'bad-message'],
  ['a message into a room not joined', '{"type":"message","room":"other","user":"Ada","text":"x"}', 'not-joined'],
  ['typing in a room not joined', '{"type":"typing","boardId":"other"}', 'not-joined'],
])('a client that sends %s gets an error, and its connection stays open', async (_what, text, code) => {
  await using server = await serve()
  const { socket, say, next } = await open(`${wsOrigin(server.origin)}/feed/lobby/ws`)
  say(text)
  expect(await next('error')).toMatchObject({ code, message: expect.any(String), remedy: expect.any(String) })
  say({ type: 'ping' })
  await next('pong')
  socket.close()
})

test('a client that sends a binary message gets an error', async () => {
  await using server = await serve()
  const { socket, next } = await open(wsOrigin(server.origin))
  socket.send(Buffer.from([0, 255]))
  expect(await next('error')).toMatchObject({ code: 'bad-message' })
  socket.close()
})

test('the server closes the WebSocket with 1009 after a message of more than 16 KiB', async () => {
  await using server = await serve()
  const { socket, say } = await open(wsOrigin(server.origin))
  say({ type: 'message', room: 'lobby', user: 'Ada', text: 'x'.repeat(17_000) })
  const [code] = await once(socket, 'close')
  expect(code).toBe(1009)
})

test('a message that is sent twice with the same key is published once, and the client gets the accepted event', async () => {
  await using server = await serve()
  const { socket, messages, say } = await open(`${wsOrigin(server.origin)}/feed/lobby/ws`)
  for (let i = 0; i < 2; i++) say({ type: 'message', user: 'Ada', text: 'hi', key: 'k' })
  await until('both publishes are accepted', () => messages.filter(({ type }) => type === 'accepted').length === 2)
  const ids = messages.filter(({ type }) => type === 'accepted').map(({ id }) => id)
  expect(new Set(ids).size).toBe(1)
  expect(messages.filter(({ type }) => type === 'message')).toHaveLength(1)
  socket.close()
})

test('a client can join and leave a room, is announced to its other clients, and gets its events while it is in the room', async () => {
  await using server = await serve()
  const ada = await open(`${wsOrigin(server.origin)}/feed/board-1/ws`)
  const ben = await open(wsOrigin(server.origin))
  ben.say({ type: 'join', boardId: 'board-1', name: 'Ben' })
  expect(await ada.next('user_joined')).toMatchObject({ room: 'board-1', name: 'Ben', userId: expect.any(String) })
  expect(await ben.next('joined')).toMatchObject({ room: 'board-1' })
  ben.say({ type: 'typing', boardId: 'board-1', name: 'Ben' })
  expect(await ada.next('user_typing')).toMatchObject({ room: 'board-1', name: 'Ben' })
  expect(ben.messages.some(({ type }) => type === 'user_typing')).toBe(false)
  const event = await server.publish('for the board', 'board-1')
  expect(await ben.next('message')).toEqual(event)
  ben.say({ type: 'leave', boardId: 'board-1' })
  await ben.next('left')
  const { userId } = await ada.next('user_joined')
  expect(await ada.next('user_left')).toEqual({ type: 'user_left', room: 'board-1', userId, name: 'Ben' })
  await server.publish('not for Ben', 'board-1')
  await until('Ada has received two messages', () => ada.messages.filter(({ type }) => type === 'message').length === 2)
  expect(ben.messages.filter(({ type }) => type === 'message')).toHaveLength(1)
  ada.socket.close()
  ben.socket.close()
})

test('a client that disconnects leaves every board that it joined, and a client that only reads is not announced', async () => {
  await using server = await serve()
  const ada = await open(wsOrigin(server.origin))
  for (const boardId of ['board-1', 'board-2']) ada.say({ type: 'join', boardId, name: 'Ada' })
  const reader = await open(`${wsOrigin(server.origin)}/feed/board-1/ws`)
  reader.socket.close()
  await once(reader.socket, 'close')
  const ben = await open(wsOrigin(server.origin))
  for (const boardId of ['board-1', 'board-2', 'board-3']) ben.say({ type: 'join', boardId, name: 'Ben' })
  ben.say({ type: 'typing', boardId: 'board-2' })
  expect(await ada.next('user_typing')).toMatchObject({ room: 'board-2', name: 'Ben' })
  ben.socket.terminate()
  await until(
    'Ada has received two departures',
    () => ada.messages.filter(({ type }) => type === 'user_left').length === 2,
  )
  const told = ada.messages.filter(({ type }) => String(type).startsWith('user_'))
  expect(told.map(({ type, room }) => `${type} ${room}`)).toEqual([
    'user_joined board-1',
    'user_joined board-2',
    'user_typing board-2',
    'user_left board-1',
    'user_left board-2',
  ])
  expect(new Set(told.map(({ userId }) => userId)).size).toBe(1)
  ada.socket.close()
})

test('a client that joins a room with a name is in the presence list over HTTP until the client leaves', async () => {
  await using server = await serve()
  const here = async () => (await fetch(`${server.origin}/feed/board-1/presence`)).json()
  const ada = await open(wsOrigin(server.origin))
  ada.say({ type: 'join', boardId: 'board-1', user: 'ada', name: 'Ada', client: 'tab-1' })
  await ada.next('joined')
  expect(await here()).toMatchObject({ people: 1, here: [{ userId: 'ada', name: 'Ada', tabs: 1 }], typing: [] })
  ada.say({ type: 'typing', boardId: 'board-1' })
  await until('Ada is reported as typing', async () => (await here()).typing.includes('ada'))
  ada.say({ type: 'leave', boardId: 'board-1' })
  await until('nobody is present', async () => (await here()).people === 0)
  ada.socket.close()
})

test('the server does not store that a person is typing', async () => {
  await using server = await serve()
  const { socket, say, next } = await open(`${wsOrigin(server.origin)}/feed/lobby/ws`)
  say({ type: 'typing' })
  say({ type: 'ping' })
  await next('pong')
  const answer = await (await fetch(`${server.origin}/feed/lobby/poll?after=0`)).status
  expect(answer).toBe(204)
  socket.close()
})

test('an event of 126 or more bytes has the longer form of the frame length, and an event of any length arrives completely', async () => {
  await using server = await serve()
  const { socket, messages } = await open(`${wsOrigin(server.origin)}/feed/lobby/ws`)
  const published = []
  for (const length of [1, 10, 20, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 100, 2500])
    published.push(await server.publish('\u0001'.repeat(length)))
  await until('all events have arrived', () => messages.length > published.length)
  expect(messages.slice(1)).toEqual(published)
  socket.close()
})

test('the server accepts a message to a room that the client sends directly after its join', async () => {
  await using server = await serve()
  const { socket, say, next } = await open(wsOrigin(server.origin))
  say({ type: 'join', room: 'board-1' })
  say({ type: 'message', room: 'board-1', user: 'Ada', text: 'first', key: 'k' })
  expect(await next('message')).toMatchObject({ room: 'board-1', text: 'first' })
  socket.close()
})
