/** A passage on sockets of its own: what comes out at either end is what went in at the other. */
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { Conditions, Crossing } from '../../../server/protocol.ts'
import { createCapture } from '../../../server/wire/capture.ts'
import { createMeter } from '../../../server/wire/meter.ts'
import { createPassage } from '../../../server/wire/passage.ts'
import { NEUTRAL } from '../../../server/wire/ranges.ts'
import type { Reading } from '../../../server/wire/reading.ts'
import { createWire } from '../../../server/wire/wire.ts'
import { until } from '../../until.ts'

/** As nobody else would write it. */
const REQUEST = 'GET /a/x HTTP/1.1\r\nhost:here\r\nX-Odd:   1\r\n\r\n'
const ANSWER = 'HTTP/1.1 200 Fine\r\ncontent-LENGTH: 5\r\nx: y\r\n\r\nhello'
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

test('what either end writes comes out at the other as it was written', async () => {
  const { dial, far } = await joined()
  const client = dial()
  client.socket.write(REQUEST)
  const server = await far.connection(0)
  await server.has(REQUEST)
  server.socket.write(ANSWER)
  await client.has(ANSWER)
  client.socket.write(REQUEST)
  await server.has(REQUEST + REQUEST)
  server.socket.write(`${CHUNKED}3;x=1\r\nabc\r\n`)
  server.socket.write('0\r\nTrailer: 1\r\n\r\n')
  await client.has(`${ANSWER}${CHUNKED}3;x=1\r\nabc\r\n0\r\nTrailer: 1\r\n\r\n`)
  expect(server.text()).toBe(REQUEST + REQUEST)
})

test.each([{}, { latencyMs: 5 }])('under %o both ways are counted for the lane, to the byte', async (conditions) => {
  const { dial, far, lane, crossings } = await joined(conditions)
  const client = dial()
  for (let i = 1; i <= 3; i++) {
    client.socket.write(REQUEST)
    const server = await far.connection(0)
    await server.has(REQUEST.repeat(i))
    server.socket.write(ANSWER)
    await client.has(ANSWER.repeat(i))
  }
  await until('the last is counted', () => lane()?.bytesDown === 3 * ANSWER.length)
  expect(lane()).toMatchObject({ requests: 3, connections: 1, bytesUp: 3 * REQUEST.length })
  expect(lane()?.split.requestHeads).toBe(3 * REQUEST.length)
  expect(sumOf(Object.values(lane()?.split ?? {}))).toBe(3 * (REQUEST.length + ANSWER.length))
  client.socket.end()
  await until('it is over', () => sumOf(crossings.map(({ bytes }) => bytes)) === 3 * (REQUEST.length + ANSWER.length))
  expect(crossings.filter(({ is }) => is === 'answer')).toHaveLength(3)
})

test('a body, a HEAD, an interim answer and one without a length are told apart', async () => {
  const { dial, far, lane, crossings } = await joined()
  const client = dial()
  const post = 'POST /a/x HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\nGET '
  client.socket.write(post)
  const server = await far.connection(0)
  await server.has(post)
  server.socket.write(`HTTP/1.1 100 Continue\r\n\r\n${ANSWER}`)
  await client.has(ANSWER)
  const head = 'HEAD /a/x HTTP/1.1\r\nHost: here\r\n\r\n'
  client.socket.write(head)
  await server.has(head)
  server.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n')
  await client.has('99\r\n\r\n')
  client.socket.write(REQUEST)
  await server.has(REQUEST)
  server.socket.end('HTTP/1.1 200 OK\r\n\r\nto the end')
  await client.ended
  expect(client.text()).toContain('to the end')
  await until('it is over', () => lane()?.bytesDown === client.text().length)
  expect(lane()).toMatchObject({ requests: 3, bytesUp: server.text().length })
  expect(new Set(crossings.map(({ exchange }) => exchange)).size).toBe(3)
  const bytes = server.text().length + client.text().length
  await until('all of it is told of', () => sumOf(crossings.map((crossing) => crossing.bytes)) === bytes)
})

test('frames behind a 101 are counted both ways, also what came in one piece with the handshake', async () => {
  const { dial, far, lane } = await joined()
  const client = dial()
  const handshake = 'GET /a/ws HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'
  const frame = '\x81\x81\x00\x00\x00\x00a'
  client.socket.write(handshake + frame, 'latin1')
  const server = await far.connection(0)
  await server.has(handshake + frame)
  const opened = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'
  server.socket.write(`${opened}\x81\x03abc`, 'latin1')
  await client.has(`${opened}\x81\x03abc`)
  client.socket.write(frame, 'latin1')
  await server.has(handshake + frame + frame)
  expect(lane()?.split).toMatchObject({
    requestHeads: handshake.length,
    requestBodies: 2,
    responseHeads: opened.length,
    payload: 3,
  })
})

test('a sum stays right where requests are pipelined and answered in one piece', async () => {
  const { dial, far, lane } = await joined()
  const client = dial()
  client.socket.write(REQUEST + REQUEST)
  const server = await far.connection(0)
  await server.has(REQUEST + REQUEST)
  server.socket.write(ANSWER + ANSWER)
  await client.has(ANSWER + ANSWER)
  client.socket.end()
  await until('both are counted', () => lane()?.bytesDown === 2 * ANSWER.length)
  expect(lane()).toMatchObject({ requests: 2, bytesUp: 2 * REQUEST.length })
})

test('more than a kernel takes is held back at its writer, and arrives whole', async () => {
  const { dial, far } = await joined()
  const client = dial()
  client.socket.pause()
  client.socket.write(REQUEST)
  const server = await far.connection(0)
  await server.has(REQUEST)
  const megabytes = 16 * 1024 * 1024
  server.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${megabytes}\r\n\r\n`)
  server.socket.write(Buffer.alloc(megabytes, 'x'))
  await until('it has come to a halt', () => client.socket.bytesRead > 0 || server.socket.bytesWritten > 0)
  expect(server.socket.writableLength).toBeGreaterThan(0)
  client.socket.resume()
  await until('all is there', () => client.text().length > megabytes)
  expect(client.text().endsWith('xxx')).toBe(true)
})

test('latency bends it like all else', async () => {
  const { dial, far } = await joined({ latencyMs: 40 })
  const client = dial()
  const beganMs = performance.now()
  client.socket.write(REQUEST)
  const server = await far.connection(0)
  await server.has(REQUEST)
  // One round trip for the connection, one way for the request.
  expect(performance.now() - beganMs).toBeGreaterThan(110)
  const askedMs = performance.now()
  server.socket.write(ANSWER)
  await client.has(ANSWER)
  expect(performance.now() - askedMs).toBeGreaterThan(38)
})

test.each(['FIN', 'RST', 'black hole'] as const)('a cut by %s cuts it, and the server is let go', async (how) => {
  const { dial, far, wire, passage, lane } = await joined()
  const client = dial()
  client.socket.write(REQUEST)
  const server = await far.connection(0)
  await server.has(REQUEST)
  server.socket.write(`${CHUNKED}3\r\nabc\r\n`)
  await client.has('abc')
  wire.cut(how, passage.holds)
  server.socket.write('3\r\ndef\r\n')
  if (how === 'black hole') {
    client.socket.write(REQUEST)
    client.socket.destroy()
  } else await client.ended
  await server.ended
  expect(client.text()).not.toContain('def')
  expect(server.text()).toBe(REQUEST)
  await until('what had crossed is counted', () => lane()?.bytesDown === client.text().length)
})

test('ends at once what is idle or goes on, and an answer of a known length behind it', async () => {
  const { dial, far, passage } = await joined()
  const [idle, stream, whole] = [dial(), dial(), dial()]
  idle.socket.write(REQUEST)
  const first = await far.connection(0)
  first.socket.write(ANSWER)
  await idle.has(ANSWER)
  stream.socket.write(REQUEST)
  const second = await far.connection(1)
  second.socket.write(`${CHUNKED}3\r\nabc\r\n`)
  await stream.has('abc')
  whole.socket.write(REQUEST)
  const third = await far.connection(2)
  third.socket.write(ANSWER.slice(0, -3))
  await whole.has(ANSWER.slice(0, -3))
  passage.leave()
  await Promise.all([idle.ended, stream.ended])
  third.socket.write(ANSWER.slice(-3))
  await whole.ended
  expect(whole.text()).toBe(ANSWER)
  await Promise.all([first.ended, second.ended, third.ended])
})

test('the end of either is the end of the other, in the same way', async () => {
  const { dial, far } = await joined()
  const left = dial()
  left.socket.write(REQUEST)
  const server = await far.connection(0)
  await server.has(REQUEST)
  left.socket.destroy()
  await server.ended
  const [reset, ended] = [dial(), dial()]
  reset.socket.write(REQUEST)
  ;(await far.connection(1)).socket.resetAndDestroy()
  await reset.ended
  expect(reset.trouble()).toBe('ECONNRESET')
  ended.socket.write(REQUEST)
  ;(await far.connection(2)).socket.end(ANSWER)
  await ended.ended
  expect([ended.trouble(), ended.text()]).toEqual([null, ANSWER])
})

test('where the server is not there a connection is reset, and so it is where its port is closed', async () => {
  const { dial, far } = await joined()
  far.server.close()
  const closed = dial()
  await closed.ended
  expect(closed.trouble()).toBe('ECONNRESET')
  far.isThere = false
  const nobody = dial()
  await nobody.ended
  expect(nobody.trouble()).toBe('ECONNRESET')
})

test.each([
  ['a request that may not pass', REQUEST.replace('here', 'evil'), 'no'],
  ['a second one', `${REQUEST}${REQUEST.replace('here', 'evil')}`, 'no'],
  ['no request at all', '\x16\x03\x01\r\n\r\n', 'no'],
  ['a head without an end', `GET /a/x HTTP/1.1\r\nHost: here\r\nX: ${'x'.repeat(70_000)}`, 'no request of HTTP/1.1'],
])('%s does not come to the server whole', async (_what, bytes, said) => {
  const { dial, far } = await joined()
  const client = dial()
  client.socket.write(bytes, 'latin1')
  await client.ended
  expect(client.text()).toContain(said)
  const server = await far.connection(0)
  await server.ended
  expect(server.text()).not.toContain('evil')
  expect(server.text().startsWith('GET') ? server.text() : '').not.toMatch(/\r\n\r\n./s)
})

/** A lane is the first part of a path. */
function readingOf({ url = '' }: { readonly url?: string | undefined }): Reading | null {
  const [, lane] = /^\/(\w+)\//.exec(url) ?? []
  return lane === undefined
    ? null
    : {
        lane,
        transport: null,
        body: () => (bytes) => ({ payload: bytes.length, heartbeats: 0 }),
        idOf: () => undefined,
        messageDown: () => 'payload',
        messageUp: () => 'requestBodies',
        isEmpty: () => false,
      }
}

/** A passage, and behind it a server that writes what the test wants. */
async function joined(conditions: Partial<Conditions> = {}) {
  const host = createHttpServer()
  const wire = createWire(host)
  wire.setConditions({ ...NEUTRAL, ...conditions })
  const capture = createCapture()
  const crossings: Crossing[] = []
  capture.watch('a', (crossing) => crossings.push(crossing))
  const meter = createMeter(host, readingOf, capture)
  const far = await farServer()
  const passage = createPassage({
    wire,
    meter,
    port: () => (far.isThere ? far.port : null),
    check({ rawHeaders }) {
      if (!rawHeaders.includes('here')) throw new Error('no')
    },
    refuse: (error, socket) => socket.end(String(error)),
    connected() {},
  })
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, passage.carry)
  const port = await listening(listener)
  onTestFinished(() => {
    passage.close()
    listener.close()
    wire.close()
  })
  return {
    wire,
    passage,
    far,
    crossings,
    lane: () => meter.read().lanes.find(({ lane }) => lane === 'a'),
    dial() {
      const socket = connect({ port, host: '127.0.0.1' })
      onTestFinished(() => void socket.destroy())
      return endOf(socket)
    },
  }
}

async function farServer() {
  const connections: ReturnType<typeof endOf>[] = []
  const server = createServer((socket) => void connections.push(endOf(socket)))
  const port = await listening(server)
  onTestFinished(() => {
    for (const { socket } of connections) socket.destroy()
    server.close()
  })
  return { server, port, isThere: true, connection: (nth: number) => until('it is connected', () => connections[nth]) }
}

function endOf(socket: Socket) {
  let text = ''
  let trouble: string | null = null
  socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')))
  socket.on('error', (error: NodeJS.ErrnoException) => (trouble = error.code ?? error.message))
  return {
    socket,
    text: () => text,
    trouble: () => trouble,
    ended: new Promise((resolve) => socket.once('close', resolve)),
    has: (what: string) => until(`it has ${what}`, () => text.includes(what)),
  }
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0)
