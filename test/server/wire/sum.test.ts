/**
 * For random clients, no byte is lost and none is counted twice: the sum of all lanes and other equals the
 * totals of the sockets. fast-check prints the seed of a failure.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Conditions } from '../../../server/protocol/lab.ts'
import type { Crossing, LaneBytes, Lanes } from '../../../server/protocol/wire.ts'
import { createCapture } from '../../../server/wire/capture/capture.ts'
import type { Capture } from '../../../server/wire/capture/capture.ts'
import { createMeter } from '../../../server/wire/meter/meter.ts'
import type { RawPart } from '../../../server/wire/capture/parts.ts'
import { NEUTRAL } from '../../../server/wire/bend/ranges.ts'
import type { Reading } from '../../../server/wire/reading.ts'
import { createWire } from '../../../server/wire/wire.ts'
import { until } from '../../until.ts'
import { frame } from './frame.ts'

const STEP = fc.record({
  lane: fc.constantFrom('a', 'b', ''),
  kind: fc.constantFrom(
    'short',
    'empty',
    'text',
    'chunked',
    'long',
    'post',
    'upload',
    'expect',
    'odd',
    'stream',
    'held',
    'ws',
    'garbage',
  ),
})

const CLIENT = fc.record({
  steps: fc.array(STEP, { minLength: 1, maxLength: 5 }),
  isPipelined: fc.boolean(),
  /** Position at which its first bytes are split into two writes. */
  cutAt: fc.nat(200),
  leaves: fc.constantFrom('FIN', 'RST', 'cut by the server'),
  /** Number of received bytes after which it leaves; Infinity: when no more bytes arrive. */
  afterBytes: fc.oneof(fc.constant(Infinity), fc.nat(2000), fc.nat(2_000_000)),
})

type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never
type Client = typeof CLIENT extends fc.Arbitrary<infer T> ? T : never

test.each([
  ['on neutral lines', {}, 150],
  ['with latency and little bandwidth', { latencyMs: 3, bandwidthBytesPerSecond: 20_000_000 }, 60],
])(
  'for random requests, aborts and cuts, the bytes of the lanes and of "other" add up to the bytes of the sockets %s',
  async (_where, conditions, numRuns) => {
    await fc.assert(
      fc.asyncProperty(fc.array(CLIENT, { minLength: 1, maxLength: 6 }), async (clients) => {
        const { port, read, totals, isDone, sockets, close, crossings, find } = await serve(conditions)
        await Promise.all(clients.map((client, i) => play(client, i, port, isDone, sockets, () => isSound(read()))))
        let turns = 0
        await until('all clients have left', () => {
          // If answers pile up, Node stops reading and never notices that the client has left.
          if (turns++ > 20) for (const socket of sockets.values()) socket.destroy()
          return sockets.size === 0
        })
        const { lanes, other } = isSound(read())
        const sum = (key: 'bytesUp' | 'bytesDown') => [...lanes, other].reduce((sum, lane) => sum + lane[key], 0)
        expect({ up: sum('bytesUp'), down: sum('bytesDown') }).toEqual(totals())
        await isTold(lanes, crossings)
        areKept(crossings, find)
        close()
      }),
      { numRuns },
    )
  },
  120_000,
)

function isSound(read: Lanes): Lanes {
  for (const { bytesUp, bytesDown, split } of [...read.lanes, read.other]) {
    expect(Object.values(split).reduce((sum, bytes) => sum + bytes)).toBe(bytesUp + bytesDown)
    expect(Math.min(...Object.values(split))).toBeGreaterThanOrEqual(0)
  }
  return read
}

/** Checks that the crossings of a lane add up to its bytes, after the links have noticed their closed sockets. */
async function isTold(lanes: readonly LaneBytes[], crossings: readonly Crossing[]): Promise<void> {
  const sum = (lane: string, up: boolean) => {
    const own = crossings.filter((crossing) => crossing.lane === lane && crossing.up === up)
    return own.reduce((sum, { bytes, lost = 0 }) => sum + bytes - lost, 0)
  }
  const told = () => lanes.map(({ lane }) => ({ lane, bytesUp: sum(lane, true), bytesDown: sum(lane, false) }))
  const used = lanes.map(({ lane, bytesUp, bytesDown }) => ({ lane, bytesUp, bytesDown }))
  await until('all crossings are reported', () => JSON.stringify(told()) === JSON.stringify(used), 2000).catch(() => {})
  expect(told()).toEqual(used)
  const at = crossings.map(({ at }) => at)
  expect(at).toEqual(at.toSorted((a, b) => a - b))
}

/** Checks that the parts of each complete exchange are as long as its crossings. */
function areKept(crossings: readonly Crossing[], find: Capture['find']): void {
  for (const [exchange, told] of Map.groupBy(crossings, ({ exchange }) => exchange)) {
    const sum = (all: readonly { up: boolean }[], way: boolean, bytesOf: (one: never) => number) =>
      all.reduce((sum, one) => (one.up === way ? sum + bytesOf(one as never) : sum), 0)
    const parts = find(exchange)?.parts.list()
    for (const up of parts ? [true, false] : [])
      expect(sum(parts ?? [], up, ({ length }: RawPart) => length)).toBe(sum(told, up, ({ bytes }: Crossing) => bytes))
  }
}

function readingOf({ url = '' }: Pick<IncomingMessage, 'url'>): Reading | null {
  const [, lane] = /^\/([ab])\//.exec(url) ?? []
  if (lane === undefined) return null
  return {
    lane,
    transport: null,
    body: () => (bytes) => ({ payload: bytes.length >> 1, heartbeats: bytes.length >> 2 }),
    idOf: () => undefined,
    messageDown: (text) => (text.includes('hb') ? 'heartbeats' : 'payload'),
    messageUp: (text) => (text.includes('hb') ? 'heartbeats' : 'requestBodies'),
    isEmpty: (status) => status === null || status === 204,
  }
}

/** Server that reports when each step is finished, and counts the bytes independently. */
async function serve(conditions: Partial<Conditions>) {
  const server = createServer().on('clientError', (_error, socket) => {
    socket.write('HTTP/1.1 400 Bad Request\r\n\r\n', () => socket.destroy())
  })
  createWire(server).setConditions({ ...NEUTRAL, ...conditions })
  const capture = createCapture()
  const crossings: Crossing[] = []
  for (const lane of ['a', 'b']) capture.watch(lane, (crossing) => crossings.push(crossing))
  const { read } = createMeter(server, readingOf, capture)
  const done = new Set<string>()
  const sockets = new Map<number, Socket>()
  const open = new Map<Socket, { down: number }>()
  server.on('connection', (socket) => {
    const { remotePort = 0 } = socket
    sockets.set(remotePort, socket)
    // `closed` is true before the kernel has reported its last bytes.
    socket.on('close', () => sockets.delete(remotePort))
    socket.on('error', () => {})
    open.set(socket, countWrites(socket))
  })
  server.on('request', (request, response) => answer(request, response, () => done.add(request.url ?? '')))
  server.on('upgrade', (request, socket) => {
    socket.on('error', () => socket.destroy())
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
    socket.on('data', () => {})
    socket.write(frame(Buffer.from('hb')))
    socket.write(frame(Buffer.alloc(70_000)), () => done.add(request.url ?? ''))
    socket.on('end', () => socket.end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    read,
    crossings,
    find: capture.find,
    sockets,
    isDone: (url: string) => done.has(url),
    totals: () => ({
      up: [...open.keys()].reduce((sum, { bytesRead }) => sum + bytesRead, 0),
      down: [...open.values()].reduce((sum, { down }) => sum + down, 0),
    }),
    close: () => server.close(),
  }
}

/** Counts sent bytes by the callbacks of the writes, which run when the kernel has taken the bytes. */
function countWrites(socket: Socket): { down: number } {
  const counted = { down: 0 }
  const write = socket.write
  socket.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    const encoding = typeof rest[0] === 'string' ? rest[0] : 'utf8'
    const length = typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding as BufferEncoding) : chunk.length
    const callback = rest.find((one) => typeof one === 'function')
    const taken = (error?: Error | null) => {
      if (!error) counted.down += length
      callback?.(error)
    }
    return Reflect.apply(write, socket, [chunk, encoding, taken])
  }
  return counted
}

function answer(request: IncomingMessage, response: ServerResponse, done: () => void): void {
  const { url = '' } = request
  const [, kind] = /^\/\w?\/?(\w+)-/.exec(url) ?? []
  request.resume()
  response.on('finish', done)
  if (kind === 'empty') response.writeHead(204).end()
  else if (kind === 'text') response.end('zw\u00f6lf \u{1F600}'.repeat(20))
  else if (kind === 'long') response.end(Buffer.alloc(1_000_000))
  else if (kind === 'chunked') setImmediate(() => response.write('one', () => response.end('two')))
  else if (kind === 'held') done()
  else if (kind === 'stream') stream(response, done)
  else if (kind === 'post' || kind === 'upload' || kind === 'expect') request.on('end', () => response.end('posted'))
  else {
    // An answer with a length, sent in parts, counts as finished before its bytes are sent.
    response.writeHead(200, { 'content-length': 5 })
    response.write('sh')
    response.write('ort')
    response.end()
  }
}

function stream(response: ServerResponse, done: () => void, left = 20): void {
  if (left === 0) return done()
  response.write('x'.repeat(left ** 3), () => setImmediate(() => stream(response, done, left - 1)))
}

async function play(
  { steps, isPipelined, cutAt, leaves, afterBytes }: Client,
  index: number,
  port: number,
  isDone: (url: string) => boolean,
  sockets: Map<number, Socket>,
  look: () => void,
): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  let left = false
  const leave = () => {
    left = true
    look()
    if (leaves === 'FIN') socket.end()
    else if (leaves === 'RST') socket.resetAndDestroy()
    else sockets.get(socket.localPort ?? 0)?.destroy()
  }
  socket.on('data', () => {
    if (!left && socket.bytesRead >= afterBytes) leave()
  })
  await once(socket, 'connect')

  const requests = steps.map((step, i) => requestOf(step, `${index}-${i}`))
  for (const batch of isPipelined ? [requests] : requests.map((request) => [request])) {
    const bytes = Buffer.concat(batch.map(({ bytes }) => bytes))
    socket.write(bytes.subarray(0, cutAt))
    await new Promise((resolve) => setImmediate(resolve))
    if (!socket.destroyed) socket.write(bytes.subarray(cutAt))
    const last = batch.findLast(({ answers }) => answers)
    // No request after a stream or a handshake is answered.
    const isOver = () =>
      left ||
      socket.closed ||
      (last !== undefined && isDone(last.url)) ||
      batch.some(({ ends, url }) => ends && isDone(url))
    await until('the exchange is complete', isOver)
    if (left || socket.closed || batch.some(({ ends }) => ends)) break
  }
  if (!left) leave()
}

/** Header fields and body of a request. */
const MORE: Partial<Record<string, string>> = {
  post: 'Content-Length: 5\r\n\r\n12345',
  upload: 'Transfer-Encoding: chunked\r\n\r\n3\r\n123\r\n2;x=y\r\n45\r\n0\r\n\r\n',
  expect: 'Expect: 100-continue\r\nContent-Length: 5\r\n\r\n12345',
  // An unusual way to write the field, so that the head is longer than the usual form.
  odd: 'Some:thing\r\nBlanks:    many   \r\n\r\n',
}

function requestOf({ lane, kind }: Step, id: string) {
  const url = `/${lane}${lane && '/'}${kind}-${id}`
  const ends = kind === 'stream' || kind === 'held' || kind === 'ws'
  if (kind === 'garbage') return { url, bytes: Buffer.from('\u0000garbage\r\n\r\n'), answers: false, ends: true }
  const more = MORE[kind]
  if (more !== undefined)
    return { url, bytes: Buffer.from(`POST ${url} HTTP/1.1\r\nHost: x\r\n${more}`), answers: true, ends }
  if (kind !== 'ws') return { url, bytes: Buffer.from(`GET ${url} HTTP/1.1\r\nHost: x\r\n\r\n`), answers: true, ends }
  const head = `GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
  const frames = [
    frame(Buffer.from('hb'), { mask: true }),
    frame(Buffer.from('zw'), { mask: true, fin: false }),
    frame(Buffer.from('ping'), { mask: true, opcode: 9 }),
    frame(Buffer.from('ei'), { mask: true, opcode: 0 }),
    frame(Buffer.from('half'), { mask: true, fin: false }),
  ]
  return { url, bytes: Buffer.concat([Buffer.from(head), ...frames]), answers: true, ends }
}
