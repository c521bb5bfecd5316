import { once } from 'node:events'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { serve } from '../../serve.ts'
import { until } from '../../until.ts'

async function open(origin: string, options = {}) {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/chat`, options)
  const heard: Record<string, unknown>[] = []
  socket.on('message', (data) => heard.push(JSON.parse(String(data))))
  await once(socket, 'open')
  return {
    socket,
    heard,
    say: (message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    [Symbol.dispose]: () => socket.terminate(),
  }
}

test('a chat message reaches all connected clients and its sender, in one order, but no later client and no feed', async () => {
  await using server = await serve()
  using ada = await open(server.origin)
  using grace = await open(server.origin)
  for (let i = 0; i < 20; i++) (i % 2 ? ada : grace).say({ username: i % 2 ? 'Ada' : 'Grace', message: String(i) })
  for (const { heard } of [ada, grace]) await until('20 messages have arrived', () => heard.length === 20)
  expect(ada.heard).toEqual(grace.heard)
  expect(ada.heard).toContainEqual({ username: 'Ada', message: '1' })
  using late = await open(server.origin)
  const feed = await fetch(`${server.origin}/feed/lobby/poll?after=0`)
  expect(feed.status).toBe(204)
  expect(late.heard).toEqual([])
})

test('the chat passes on only the name and the text of a message', async () => {
  await using server = await serve()
  using ada = await open(server.origin)
  ada.say({ username: 'Ada', message: '<b>\u{1F600}</b>', type: 'error', more: 'x' })
  await until('the message has reached Ada', () => ada.heard.length === 1)
  expect(ada.heard).toEqual([{ username: 'Ada', message: '<b>\u{1F600}</b>' }])
})

test.each([
  ['a text that is not JSON', 'hello', '"hello" is not valid JSON.'],
  ['an empty message', '', 'The message is empty or binary.'],
  ['a list', '[]', '[] must be object.'],
  ['no field "text"', '{"username":"Ada"}', 'message'],
  ['an empty name', '{"username":"","message":"x"}', 'username'],
  ['a text that is a number', '{"username":"Ada","message":1}', 'message'],
  ['a name that is too long', JSON.stringify({ username: 'x'.repeat(65), message: 'x' }), 'username'],
  ['a text that is too long', JSON.stringify({ username: 'x', message: 'x'.repeat(4001) }), 'message'],
])(
  'a chat message with %s gets an error that only its sender receives, and the connection stays open',
  async (_what, text, reason) => {
    await using server = await serve()
    using ada = await open(server.origin)
    using grace = await open(server.origin)
    ada.say(text)
    await until('Ada has received the error', () => ada.heard.length === 1)
    expect(ada.heard[0]).toMatchObject({ type: 'error', code: 'bad-message', message: expect.stringContaining(reason) })
    ada.say({ username: 'Ada', message: 'still here' })
    await until('Grace has received a message', () => grace.heard.length > 0)
    expect(grace.heard).toEqual([{ username: 'Ada', message: 'still here' }])
  },
)

test('the page of the plain chat and its WebSocket have the same address', async () => {
  await using server = await serve()
  const page = await fetch(`${server.origin}/chat`)
  expect(page.headers.get('content-type')).toContain('text/html')
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self'")
  const plain = await fetch(`${server.origin}/chat/ws`)
  expect(plain.status).toBe(426)
})

test.each([
  ['another site', { origin: 'http://evil.example' }, 403],
  ['another host name', { headers: { host: 'evil.example' } }, 421],
])('the server refuses a handshake of the plain chat from %s without a 101', async (_what, options, status) => {
  await using server = await serve()
  const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/chat`, options)
  socket.on('error', () => {})
  const [, response] = await once(socket, 'unexpected-response')
  expect(response.statusCode).toBe(status)
  socket.terminate()
})

test('the chat first sends errors to a flooding client and then disconnects it, and refuses a client beyond the limit', async () => {
  await using server = await serve({ limits: { heldPerAddress: 2, messagesPerSecondPerClient: 5 } })
  using ada = await open(server.origin)
  using grace = await open(server.origin)
  const third = await open(server.origin)
  const [full] = await once(third.socket, 'close')
  expect(full).toBe(1013)
  for (let i = 0; i < 300; i++) ada.say({ username: 'Ada', message: String(i) })
  const [code] = await once(ada.socket, 'close')
  expect(code).toBe(1008)
  expect(ada.heard).toContainEqual(expect.objectContaining({ code: 'too-many-messages' }))
  expect(grace.heard.length).toBeLessThan(30)
})

test('the server closes a chat socket with 1009 after a message of more than 16 KiB, and with 1012 when the server stops', async () => {
  const server = await serve()
  using ada = await open(server.origin)
  using grace = await open(server.origin)
  ada.say({ username: 'Ada', message: 'x'.repeat(17_000) })
  expect((await once(ada.socket, 'close'))[0]).toBe(1009)
  const closed = once(grace.socket, 'close')
  await server.close()
  expect((await closed)[0]).toBe(1012)
})
