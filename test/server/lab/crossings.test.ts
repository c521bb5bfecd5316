/** Crossings and inspected exchanges of a page's own lanes, compared with the bytes that the clients recorded. */
import { EventEmitter, once } from 'node:events'
import { connect } from 'node:net'
import { EventSource } from 'eventsource'
import { afterEach, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { createCrossings } from '../../../server/lab/crossings.ts'
import type { PollAnswer } from '../../../server/protocol/feed.ts'
import type { LabMessage } from '../../../server/protocol/lab.ts'
import type { Crossing, Inspected, Lanes, Part } from '../../../server/protocol/wire.ts'
import { createCapture } from '../../../server/wire/capture/capture.ts'
import { serve } from '../../serve.ts'
import type { Served } from '../../serve.ts'
import { until } from '../../until.ts'
import { frame } from '../wire/frame.ts'

afterEach(() => vi.useRealTimers())

const PAGE = '0123abcd'

/** Opens a page in another room, so that the lobby has no ticks. */
async function enter({ origin }: Served, page = PAGE) {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/lab?room=elsewhere&page=${page}`)
  const messages: LabMessage[] = []
  socket.on('message', (data) => messages.push(JSON.parse(String(data))))
  await until('the lab has sent its welcome', () => messages.length > 0)
  const crossings = () => messages.flatMap((message) => (message.type === 'wire' ? message.crossings : []))
  const inspect = async (exchange: number) => {
    socket.send(JSON.stringify({ type: 'inspect', exchange }))
    const answer = await until('the lab has sent the exchange', () =>
      messages.find((message) => message.type === 'inspected' && message.exchange === exchange),
    )
    messages.splice(messages.indexOf(answer), 1)
    return answer.type === 'inspected' ? answer.found : null
  }
  return {
    socket,
    crossings,
    inspect,
    has: (is: Crossing['is'], lane = '') =>
      until(`the lab has reported a crossing of kind ${is}`, () =>
        crossings().find((crossing) => crossing.is === is && crossing.lane.endsWith(lane)),
      ),
    /** Inspects the first exchange of a lane. */
    async inspected(lane: string): Promise<Inspected> {
      const { exchange } = await until('the lab has reported a crossing of the lane', () =>
        crossings().find((crossing) => crossing.lane === lane),
      )
      return until('the lab has recorded the exchange', () => inspect(exchange))
    },
  }
}

/** Client that records its own bytes. */
function raw({ port }: Served) {
  const socket = connect(port, '127.0.0.1')
  let sent = ''
  let text = ''
  socket.on('error', () => {})
  socket.on('data', (bytes) => (text += bytes.toString('latin1')))
  return {
    socket,
    sent: () => sent,
    text: () => text,
    say(what: string | Buffer) {
      sent += what.toString('latin1')
      socket.write(what)
    },
    hears: (what: string) => until(`the client has received "${what}"`, () => text.includes(what)),
  }
}

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`

const HANDSHAKE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

/** Returns the exact bytes of one direction, in Latin-1. */
function joined({ parts }: Inspected, up: boolean): string {
  return parts.map((part) => (part.up === up ? bytesOf(part).toString('latin1') : '')).join('')
}

function bytesOf(part: Part): Buffer {
  if (part.is === 'head') return Buffer.from(part.text, 'latin1')
  if (part.is === 'body') return Buffer.from(part.text)
  if (part.is === 'chunk') return Buffer.from(`${part.size}\r\n${part.text}\r\n`)
  return part.is === 'frame' ? Buffer.from(part.head + part.payload, 'hex') : Buffer.alloc(0)
}

const kinds = (crossings: readonly Crossing[], lane: string): string[] =>
  crossings.filter((crossing) => crossing.lane === lane).map(({ is, up }) => `${up ? 'up' : 'down'} ${is}`)

async function expectSum({ origin }: Served, crossings: () => readonly Crossing[], lane: string): Promise<void> {
  const read = async () => {
    const { lanes }: Lanes = await (await fetch(`${origin}/lab/lanes`)).json()
    const used = lanes.find((one) => one.lane === lane)
    return used && used.bytesUp + used.bytesDown
  }
  const sum = () =>
    crossings().reduce((sum, { lane: its, bytes, lost = 0 }) => (its === lane ? sum + bytes - lost : sum), 0)
  await until('the crossings add up to the bytes of the lane', async () => sum() === (await read())).catch(() => {})
  expect(sum()).toBe(await read())
}

test('a short poll is reported as a request and an answer with the last event\u2019s id, and the inspector shows its exact bytes', async () => {
  await using server = await serve()
  const events = [await server.publish('one'), await server.publish('zw\u00f6lf \u{1F600}')]
  const page = await enter(server)
  const lane = `${PAGE}.short-poll`
  const client = raw(server)
  client.say(get(`/feed/lobby/poll?after=0&lane=${lane}`))
  await client.hears('"more":false}')
  expect(await page.has('answer')).toMatchObject({
    lane,
    up: false,
    status: 200,
    bytes: client.text().length,
    id: events[1]?.id,
  })
  expect(page.crossings()[0]).toMatchObject({ lane, is: 'request', up: true, bytes: client.sent().length })
  const inspected = await page.inspected(lane)
  expect(inspected).toMatchObject({ lane, transport: 'short-poll', requestOfConnection: 1 })
  expect(joined(inspected, true)).toBe(client.sent())
  expect(joined(inspected, false)).toBe(client.text())

  client.say(get(`/feed/lobby/poll?after=${events[1]?.id}&lane=${lane}`))
  await client.hears('204 No Content')
  const empty = await until('the fourth crossing is reported', () => page.crossings()[3])
  expect(empty).toMatchObject({ is: 'answer', status: 204, exchange: inspected.exchange + 1 })
  expect(empty).not.toHaveProperty('id')
  expect(await page.inspect(inspected.exchange + 1)).toMatchObject({
    connection: inspected.connection,
    requestOfConnection: 2,
  })
  await expectSum(server, page.crossings, lane)
  client.socket.destroy()
  page.socket.close()
})

test('a held poll is reported as a request, and an end is reported when its client disconnects', async () => {
  await using server = await serve()
  const page = await enter(server)
  const { id } = await server.publish('1')
  const client = raw(server)
  client.say(get(`/feed/lobby/long-poll?after=${id}&lane=${PAGE}.long-poll`))
  await page.has('request')
  const held = await page.inspected(`${PAGE}.long-poll`)
  expect(held.parts.map(({ is, up }) => [is, up])).toEqual([['head', true]])
  client.socket.destroy()
  expect(await page.has('end')).toMatchObject({ bytes: 0, up: false })
  expect((await page.inspect(held.exchange))?.parts.at(-1)).toMatchObject({ is: 'end' })
  await expectSum(server, page.crossings, `${PAGE}.long-poll`)
  page.socket.close()
})

test('a stream is reported as a head, control bytes and events with ids, and the inspector shows it while it is open', async () => {
  await using server = await serve()
  const page = await enter(server)
  const lane = `${PAGE}.sse`
  const client = raw(server)
  client.say(get(`/feed/lobby/sse?lane=${lane}`))
  await client.hears('retry:')
  const event = await server.publish('zw\u00f6lf')
  await client.hears(event.id)
  expect(await page.has('event')).toMatchObject({ lane, up: false, id: event.id })
  expect(kinds(page.crossings(), lane)).toEqual(['up request', 'down head', 'down control', 'down event'])
  const open = await page.inspected(lane)
  expect(joined(open, true)).toBe(client.sent())
  expect(joined(open, false)).toBe(client.text())
  expect(open.parts.at(-1)).toMatchObject({ is: 'chunk', text: expect.stringContaining(event.id) })

  // The server ends the stream with its goodbye and the empty chunk.
  await server.set({ conditions: { latencyMs: 1 } })
  await page.has('end')
  expect(kinds(page.crossings(), lane).slice(4)).toEqual(['down control', 'down control', 'down end'])
  expect(joined((await page.inspect(open.exchange)) ?? open, false)).toBe(client.text())
  await expectSum(server, page.crossings, lane)
  page.socket.close()
})

test('a WebSocket is reported as a handshake and then messages, events, pings, pongs and closes in both directions', async () => {
  await using server = await serve()
  const page = await enter(server)
  const lane = `${PAGE}.ws`
  const client = raw(server)
  client.say(get(`/feed/lobby/ws?lane=${lane}`, HANDSHAKE))
  await client.hears('"connected"')
  client.say(frame(Buffer.from('{"type":"pi'), { mask: true, fin: false }))
  client.say(frame(Buffer.from('still?'), { mask: true, opcode: 9 }))
  await client.hears('still?')
  client.say(frame(Buffer.from('ng"}'), { mask: true, opcode: 0 }))
  await client.hears('"pong"')
  const message = JSON.stringify({ type: 'message', user: 'Ada', text: 'zw\u00f6lf', key: 'k' })
  client.say(frame(Buffer.from(message), { mask: true }))
  await client.hears('"accepted"')
  client.say(frame(Buffer.from([3, 232]), { mask: true, opcode: 8 }))
  await once(client.socket, 'close')
  await page.has('end')
  const told = kinds(page.crossings(), lane)
  // The event and its acceptance can come in either order.
  expect([...told.slice(0, 8), ...told.slice(8, 10).toSorted(), ...told.slice(10)]).toEqual([
    'up request',
    'down head',
    'down control',
    'up ping',
    'down pong',
    'up ping',
    'down pong',
    'up message',
    'down control',
    'down event',
    'up close',
    'down close',
    'down end',
  ])
  const inspected = await page.inspected(lane)
  expect(joined(inspected, true)).toBe(client.sent())
  expect(joined(inspected, false)).toBe(client.text())
  // This is the example of RFC 6455, section 1.3.
  expect(inspected.handshake).toEqual({
    key: 'dGhlIHNhbXBsZSBub25jZQ==',
    guid: '258EAFA5-E914-47DA-95CA-C5AB0DC85B11',
    sha1: 'b37a4f2cc0624f1690f64606cf385945b2bec4ea',
    accept: 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
  })
  expect(inspected.parts.find((part) => part.is === 'frame' && part.up)).toMatchObject({
    fin: false,
    rsv: 0,
    opcode: 1,
    length: 11,
    mask: expect.stringMatching(/^[\da-f]{8}$/),
    text: '{"type":"pi',
  })
  await expectSum(server, page.crossings, lane)
  page.socket.close()
})

test('a publish is reported as one request, including its body, when the body is complete', async () => {
  await using server = await serve()
  const page = await enter(server)
  const lane = `${PAGE}.publish`
  const client = raw(server)
  const body = JSON.stringify({ user: 'Ada', text: 'zw\u00f6lf' })
  client.say(
    `POST /feed/lobby?lane=${lane} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`,
  )
  client.say(Buffer.from(body))
  await client.hears('201 Created')
  await page.has('answer')
  expect(page.crossings()).toMatchObject([
    { is: 'request', bytes: client.sent().length },
    { is: 'answer', status: 201, bytes: client.text().length },
  ])
  const inspected = await page.inspected(lane)
  expect(joined(inspected, true)).toBe(client.sent())
  expect(joined(inspected, false)).toBe(client.text())
  client.socket.destroy()
  page.socket.close()
})

test('on a line with latency, neither bytes on their way nor a 100 Continue are assigned to the wrong exchange', async () => {
  await using server = await serve({ conditions: { latencyMs: 50 } })
  const page = await enter(server)
  const client = raw(server)
  const handshake = get(`/feed/lobby/ws?lane=${PAGE}.ws`, HANDSHAKE)
  await once(client.socket, 'connect')
  client.say(handshake)
  // The body is sent in a segment of its own.
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  client.say(frame(Buffer.from('{"type":"ping"}'), { mask: true }))
  await client.hears('"pong"')
  await page.has('pong')
  expect(page.crossings()[0]).toMatchObject({ is: 'request', bytes: handshake.length })
  expect(joined(await page.inspected(`${PAGE}.ws`), true)).toBe(client.sent())
  client.socket.destroy()

  const other = raw(server)
  const body = '{"user":"Ada","text":"hi"}'
  const head = `POST /feed/lobby?lane=${PAGE}.publish HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n`
  other.say(`${head}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`)
  await other.hears('100 Continue')
  other.say(body)
  await other.hears('201 Created')
  await page.has('answer')
  expect(kinds(page.crossings(), `${PAGE}.publish`)).toEqual(['down control', 'up request', 'down answer'])
  await expectSum(server, page.crossings, `${PAGE}.publish`)
  other.socket.destroy()
  page.socket.close()
})

test('a head with unusual spaces and a chunked body are reported with the number of bytes that arrived', async () => {
  await using server = await serve()
  const page = await enter(server)
  const client = raw(server)
  client.say(`GET /feed/lobby/poll?lane=${PAGE}.a HTTP/1.1\r\nHost:localhost\r\n\r\n`)
  await client.hears('"more"')
  const [head] = (await page.inspected(`${PAGE}.a`)).parts
  expect(head).toMatchObject({ is: 'head', bytes: client.sent().length })
  const other = raw(server)
  const body = '2\r\n{}\r\n0\r\n\r\n'
  other.say(
    `POST /feed/lobby?lane=${PAGE}.b HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n${body}`,
  )
  await other.hears('400 Bad')
  other.socket.destroy()
  await expectSum(server, page.crossings, `${PAGE}.b`)
  const { parts } = await page.inspected(`${PAGE}.b`)
  expect(parts).toContainEqual(expect.objectContaining({ is: 'body', up: true, text: '{}' }))
  client.socket.destroy()
  page.socket.close()
})

test("a page gets no crossings of another page's lane, and cannot inspect its exchanges", async () => {
  await using server = await serve()
  const [page, other] = [await enter(server), await enter(server, '89abcdef')]
  for (const lane of [`${PAGE}.a`, '89abcdef.a', `${PAGE}a.b`, 'somebody'])
    await (await fetch(`${server.origin}/feed/lobby/poll?lane=${lane}`)).arrayBuffer()
  await Promise.all([page.has('answer'), other.has('answer')])
  expect(new Set(page.crossings().map(({ lane }) => lane))).toEqual(new Set([`${PAGE}.a`]))
  expect(new Set(other.crossings().map(({ lane }) => lane))).toEqual(new Set(['89abcdef.a']))
  const { exchange } = await page.inspected(`${PAGE}.a`)
  expect(await other.inspect(exchange)).toBeNull()
  expect(await other.inspect(1e9)).toBeNull()
  page.socket.close()
  other.socket.close()
})

test('a stream that was open when the lab\u2019s connection broke is still reported after the reconnect', async () => {
  await using server = await serve()
  const first = await enter(server)
  const client = raw(server)
  client.say(get(`/feed/lobby/sse?lane=${PAGE}.sse`))
  await first.has('control')
  first.socket.terminate()
  await once(first.socket, 'close')
  const second = await enter(server)
  const { id } = await server.publish('1')
  expect(await second.has('event')).toMatchObject({ id })
  const { parts } = await until('the exchange from before the reconnect is recorded', () =>
    second.inspect(first.crossings()[0]?.exchange ?? 0),
  )
  expect(parts[0]).toMatchObject({ is: 'head', up: true })
  client.socket.destroy()
  second.socket.close()
})

test('after a page closes, the lab watches its lanes for half a minute, and after stop it watches no lane', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const capture = createCapture()
  const watched = new Set<string>()
  const crossings = createCrossings(
    {
      ...capture,
      watch(name) {
        watched.add(name)
        return () => void watched.delete(name)
      },
    },
    () => {},
  )
  const page = () => new EventEmitter() as WebSocket
  const [one, two, three] = [page(), page(), page()]
  crossings.tell(one, 'a')
  one.emit('close')
  vi.advanceTimersByTime(29_000)
  expect([...watched]).toEqual(['a'])
  crossings.tell(two, 'a')
  vi.advanceTimersByTime(60_000)
  expect([...watched]).toEqual(['a'])
  two.emit('close')
  vi.advanceTimersByTime(30_000)
  expect([...watched]).toEqual([])
  crossings.tell(three, 'a')
  crossings.stop()
  three.emit('close')
  expect([...watched]).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
})

test('over all four transports, the crossings contain the event ids in order, and add up to the bytes of the lanes', async () => {
  await using server = await serve()
  const page = await enter(server)
  const { id: after } = await server.publish('before')
  const lanes = ['short-poll', 'long-poll', 'sse', 'ws'].map((name) => `${PAGE}.${name}`)
  const [short, long, sse, ws] = lanes
  const source = new EventSource(`${server.origin}/feed/lobby/sse?lane=${sse}&after=${after}`)
  await once(source, 'open')
  const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/feed/lobby/ws?lane=${ws}&after=${after}`)
  await once(socket, 'message')
  const polls = Promise.all([poll('poll', short), poll('long-poll', long)])
  const ids: string[] = []
  for (let i = 0; i < 20; i++) {
    ids.push((await server.publish(`${i} zw\u00f6lf`)).id)
    socket.ping()
  }
  await polls
  const told = (lane: string | undefined) =>
    page.crossings().flatMap((crossing) => (crossing.lane === lane && crossing.id !== undefined ? [crossing.id] : []))
  await until('the last event of every lane is reported', () => lanes.every((lane) => told(lane).at(-1) === ids.at(-1)))
  expect(told(sse)).toEqual(ids)
  expect(told(ws)).toEqual(ids)
  // Only the last of several events in one answer is reported.
  for (const lane of [short, long]) expect(ids.filter((id) => told(lane).includes(id))).toEqual(told(lane))
  socket.terminate()
  source.close()
  await until(
    'the ends of two exchanges are reported',
    () => page.crossings().filter(({ is }) => is === 'end').length === 2,
  )
  for (const lane of lanes) await expectSum(server, page.crossings, lane)
  const at = page.crossings().map(({ at }) => at)
  expect(at).toEqual(at.toSorted((a, b) => a - b))
  page.socket.close()

  async function poll(route: string, lane: string | undefined): Promise<void> {
    for (let cursor = after, seen = 0; seen < 20;) {
      const answer = await fetch(`${server.origin}/feed/lobby/${route}?lane=${lane}&after=${cursor}`)
      if (answer.status === 204) continue
      const news: PollAnswer = await answer.json()
      seen += news.events.length
      cursor = news.cursor
    }
  }
})

test('if a page sends 100 inspections at once, at least 16 are answered in their order, and the others are refused', async () => {
  await using server = await serve()
  const page = await enter(server)
  await (await fetch(`${server.origin}/feed/lobby/poll?after=0&lane=${PAGE}.a`)).arrayBuffer()
  const { exchange } = await page.has('request')
  const answers: LabMessage[] = []
  page.socket.on('message', (data) => {
    const message: LabMessage = JSON.parse(String(data))
    if (message.type === 'inspected' || message.type === 'error') answers.push(message)
  })
  for (let i = 0; i < 100; i++)
    page.socket.send(JSON.stringify({ type: 'inspect', exchange: exchange + (i % 2) * 1000 }))
  await until('all 100 inspections are answered', () => answers.length === 100)
  const refused = answers.filter(({ type }) => type === 'error')
  expect(refused[0]).toMatchObject({ code: 'too-many-messages', remedy: expect.stringContaining('when the others') })
  const found = answers.flatMap((answer) => (answer.type === 'inspected' ? [answer] : []))
  expect(found.length).toBeGreaterThanOrEqual(16)
  expect(found.map((answer) => answer.exchange === exchange)).toEqual(found.map((_, i) => i % 2 === 0))
  expect(found[0]?.found).toMatchObject({ exchange, lane: `${PAGE}.a`, parts: expect.any(Array) })
  expect(found[1]?.found).toBeNull()
})
