/** Bytes that other programs' clients saw in their lanes, compared with the bytes that were metered. */
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { EventSource } from 'eventsource'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createAccess } from '../../../server/access/access.ts'
import { createApp } from '../../../server/app.ts'
import { memoryLog } from '../../../server/feed/memory-log.ts'
import type { LaneBytes, Lanes, Split } from '../../../server/protocol/wire.ts'
import { serve } from '../../serve.ts'
import type { Served } from '../../serve.ts'
import { until } from '../../until.ts'

const NOTHING: Split = {
  requestHeads: 0,
  requestBodies: 0,
  responseHeads: 0,
  framing: 0,
  payload: 0,
  empty: 0,
  heartbeats: 0,
}

const lanesOf = async ({ origin }: Served): Promise<Lanes> => (await fetch(`${origin}/lab/lanes`)).json()

async function laneOf(server: Served, name: string): Promise<LaneBytes> {
  const { lanes } = await lanesOf(server)
  const lane = lanes.find(({ lane }) => lane === name)
  if (!lane) throw new Error(`There is no lane ${name}.`)
  expect(Object.values(lane.split).reduce((sum, bytes) => sum + bytes)).toBe(lane.bytesUp + lane.bytesDown)
  return lane
}

/** Client that counts its own bytes. */
function raw(port: number) {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('error', () => {})
  socket.on('data', (bytes) => (text += bytes.toString('latin1')))
  return {
    socket,
    text: () => text,
    head: () => text.slice(0, text.indexOf('\r\n\r\n') + 4),
    body: () => text.slice(text.indexOf('\r\n\r\n') + 4),
    says: (what: string) => until(`the client has received "${what}"`, () => text.includes(what)),
  }
}

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`

const HANDSHAKE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

async function leave(socket: Socket): Promise<void> {
  socket.destroy()
  await once(socket, 'close')
}

test('the bytes of a poll are split by purpose into heads, events and framing', async () => {
  await using server = await serve()
  const events = [await server.publish('one'), await server.publish('zw\u00f6lf \u{1F600}')]
  const request = get('/feed/lobby/poll?after=0&lane=a')
  const { socket, says, head, body } = raw(server.port)
  socket.write(request)
  await says('"more":false}')
  expect(await laneOf(server, 'a')).toEqual({
    lane: 'a',
    transport: 'short-poll',
    requests: 1,
    connections: 1,
    bytesUp: request.length,
    bytesDown: socket.bytesRead,
    split: {
      ...NOTHING,
      requestHeads: request.length,
      responseHeads: head().length,
      payload: bytesOf(events[0]) + bytesOf(events[1]),
      framing: body().length - bytesOf(events[0]) - bytesOf(events[1]),
    },
  })
  await leave(socket)
})

test('all bytes of a short or long poll without events count as empty', async () => {
  await using server = await serve()
  const { id } = await server.publish('1')
  const { socket, text, says } = raw(server.port)
  const requests = [
    get(`/feed/lobby/poll?after=${id}&lane=short`),
    get(`/feed/lobby/long-poll?after=${id}&wait=0&lane=long`),
  ]
  socket.write(requests[0] ?? '')
  await says('204 No Content')
  const shortBytes = socket.bytesRead
  socket.write(requests[1] ?? '')
  await says('wait=0')
  const [short, long] = [await laneOf(server, 'short'), await laneOf(server, 'long')]
  expect(short.split).toEqual({ ...NOTHING, empty: (requests[0]?.length ?? 0) + shortBytes })
  expect(long.split).toEqual({ ...NOTHING, empty: (requests[1]?.length ?? 0) + text().length - shortBytes })
  expect([short.connections, long.connections]).toEqual([1, 0])
  await leave(socket)
})

test('the bytes of a held request are counted at once, and count as empty if the client disconnects without an event', async () => {
  await using server = await serve()
  const { id } = await server.publish('1')
  const request = get(`/feed/lobby/long-poll?after=${id}&lane=held`)
  const { socket } = raw(server.port)
  socket.write(request)
  const { split } = await until('the meter knows the lane of the held poll', () =>
    laneOf(server, 'held').catch(() => null),
  )
  expect(split).toEqual({ ...NOTHING, requestHeads: request.length })
  await leave(socket)
  await until(
    'the meter has noticed the disconnect',
    async () => (await laneOf(server, 'held')).split.empty === request.length,
  )
})

test('the bytes of a stream are split by purpose while the stream is open', async () => {
  await using server = await serve()
  const request = get('/feed/lobby/sse?lane=s')
  const { socket, says, head, body } = raw(server.port)
  socket.write(request)
  await says('retry:')
  const event = await server.publish('zw\u00f6lf')
  await says(event.id)
  expect(await laneOf(server, 's')).toMatchObject({
    transport: 'sse',
    bytesUp: request.length,
    bytesDown: socket.bytesRead,
    split: {
      ...NOTHING,
      requestHeads: request.length,
      responseHeads: head().length,
      payload: bytesOf(event),
      framing: body().length - bytesOf(event),
    },
  })
  await leave(socket)
})

test('the bytes of a WebSocket in both directions are split into handshake, events, control messages, pings and closing', async () => {
  await using server = await serve()
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/feed/lobby/ws?lane=w`)
  const texts: string[] = []
  socket.on('message', (data) => texts.push(String(data)))
  await until('the first message has arrived', () => texts.length === 1)
  const before = await laneOf(server, 'w')
  const connected = Buffer.byteLength(texts[0] ?? '')
  expect(before.split).toEqual({
    ...NOTHING,
    requestHeads: before.bytesUp,
    responseHeads: before.bytesDown - connected - 2,
    framing: connected + 2,
  })

  const message = JSON.stringify({ type: 'message', user: 'Ada', text: 'zw\u00f6lf', key: 'k' })
  socket.send(message)
  await until('three messages have arrived', () => texts.length === 3)
  const [event = '', accepted = ''] = texts.slice(1).toSorted((a, b) => b.length - a.length)
  socket.send('{"type":"ping"}')
  await until('four messages have arrived', () => texts.length === 4)
  socket.ping('abc')
  await once(socket, 'pong')
  const { split } = await laneOf(server, 'w')
  expect(split).toEqual({
    ...before.split,
    requestBodies: Buffer.byteLength(message),
    payload: Buffer.byteLength(event),
    // Frames from the client are masked and those from the server are not. Only the event has 126 bytes or more.
    framing: before.split.framing + 6 + (Buffer.byteLength(event) < 126 ? 2 : 4) + 2 + accepted.length,
    heartbeats: 6 + 15 + 2 + 15 + 6 + 3 + 2 + 3,
  })

  socket.close(1000, 'bye')
  await once(socket, 'close')
  const after = await until('the meter has counted the closing handshake', async () => {
    const lane = await laneOf(server, 'w')
    return lane.split.framing > split.framing ? lane : null
  })
  expect(after.split).toEqual({ ...split, framing: split.framing + 6 + 2 + 3 + 2 + 2 + 3 })
})

test('in a lane, the bytes of a publish count as a request body, and the bytes of its response as framing', async () => {
  await using server = await serve()
  const body = JSON.stringify({ user: 'Ada', text: 'zw\u00f6lf' })
  const answer = await fetch(`${server.origin}/feed/lobby?lane=p`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  const { length } = Buffer.from(await answer.arrayBuffer())
  const { split, transport, requests } = await laneOf(server, 'p')
  expect({ transport, requests }).toEqual({ transport: null, requests: 1 })
  expect(split).toMatchObject({ requestBodies: Buffer.byteLength(body), framing: length, payload: 0 })
})

test('the lanes of an EventSource, of fetch and of the ws package are metered like any other lane', async () => {
  await using server = await serve()
  const at = `${server.origin}/feed/lobby`
  const source = new EventSource(`${at}/sse?lane=source`)
  await once(source, 'open')
  const socket = new WebSocket(`${at.replace('http', 'ws')}/ws?lane=socket`)
  await once(socket, 'message')
  const event = await server.publish('1')
  await (await fetch(`${at}/poll?after=0&lane=fetch`)).text()
  for (const name of ['source', 'socket', 'fetch']) {
    const { split } = await until(`the meter has counted an event in lane ${name}`, async () => {
      const lane = await laneOf(server, name)
      return lane.split.payload > 0 ? lane : null
    })
    expect(split.payload).toBe(bytesOf(event))
  }
  source.close()
  socket.close()
})

test('a lane keeps its bytes after its connections end, and adds those of new connections and transports', async () => {
  await using server = await serve()
  const one = raw(server.port)
  one.socket.write(get('/feed/lobby/poll?lane=a'))
  await one.says('more')
  await leave(one.socket)
  const two = raw(server.port)
  two.socket.write(get('/feed/lobby/ws?lane=a', HANDSHAKE))
  await two.says('connected')
  expect(await laneOf(server, 'a')).toMatchObject({
    transport: 'ws',
    requests: 2,
    connections: 2,
    bytesUp: one.socket.bytesWritten + two.socket.bytesWritten,
    bytesDown: one.text().length + two.text().length,
  })
  await leave(two.socket)
})

test('a request without a valid lane name, or to a route outside the feed, counts as "other"', async () => {
  await using server = await serve()
  const { socket, says, text } = raw(server.port)
  const requests = ['/feed/a/poll', '/feed/a/poll?lane=%20', '/health?lane=a', '/feed/a/poll/x?lane=a'].map((path) =>
    get(path),
  )
  for (const [i, request] of requests.entries()) {
    socket.write(request)
    await until('the response has arrived', () => text().split('HTTP/1.1 ').length === i + 2)
  }
  await says('Nothing at this address')
  const { lanes, other } = await lanesOf(server)
  expect(lanes).toEqual([])
  expect(other).toMatchObject({ requests: 5, connections: 2, bytesDown: text().length })
  expect(other.bytesUp).toBe(other.split.requestHeads)
  expect(other.bytesUp).toBeGreaterThan(requests.join('').length)
  expect(other.split.responseHeads + other.split.payload).toBe(other.bytesDown)
  await leave(socket)
})

test('a request to the lab that names a lane counts for that lane', async () => {
  await using server = await serve()
  const { socket, text } = raw(server.port)
  socket.write(get('/lab/lanes?lane=page.try1'))
  await until('the response has arrived', () => text().includes('}'))
  const { lanes } = await lanesOf(server)
  expect(lanes).toMatchObject([{ lane: 'page.try1', transport: null, requests: 1, bytesDown: text().length }])
  await leave(socket)
})

test('only the instructor can read the byte counts of all lanes', async () => {
  await using server = await serve({ isShared: true })
  const answer = await fetch(`${server.origin}/lab/lanes`)
  expect(answer.status).toBe(403)
  expect(await answer.json()).toMatchObject({ code: 'not-instructor' })
})

test('with --wire off, the server counts no bytes, and /lab/lanes does not exist', async () => {
  await using app = await createApp({ log: memoryLog(), access: createAccess(), wire: false })
  const answer = await app.inject({ url: '/lab/lanes', headers: { host: 'localhost' } })
  expect(answer.statusCode).toBe(404)
})
