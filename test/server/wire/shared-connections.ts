/**
 * Runs several lanes over shared connections. The clients count their own bytes, so the bytes of each lane are known
 * without the meter. During the run the meter is read again and again.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { Conditions, Cut } from '../../../server/protocol/lab.ts'
import type { Crossing, Lanes } from '../../../server/protocol/wire.ts'
import { createCapture } from '../../../server/wire/capture/capture.ts'
import { createMeter } from '../../../server/wire/meter/meter.ts'
import { NEUTRAL } from '../../../server/wire/bend/ranges.ts'
import type { Reading } from '../../../server/wire/reading.ts'
import { createWire } from '../../../server/wire/wire.ts'
import { until } from '../../until.ts'
import { frame } from './frame.ts'

const KINDS = ['short', 'empty', 'held', 'chunked', 'post', 'upload', 'expect'] as const

const STEP = fc.record({
  lane: fc.constantFrom('a', 'b', 'c'),
  kind: fc.constantFrom(...KINDS),
  /** Position at which its bytes are split into two writes. A position after the end means no split. */
  cutAt: fc.nat(200),
})

/** Connection of an agent. */
const CONNECTION = fc.record({
  steps: fc.array(STEP, { minLength: 1, maxLength: 5 }),
  isPipelined: fc.boolean(),
  end: fc.constantFrom(
    'stays',
    'half a head',
    'half a head at once',
    'WebSocket',
    'a request that is cut',
    'a request into a black hole',
  ),
  leaves: fc.constantFrom('FIN', 'RST'),
})

type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never
type Connection = typeof CONNECTION extends fc.Arbitrary<infer T> ? T : never

type Used = Record<string, { bytesUp: number; bytesDown: number }>

/** Bytes that a client has written and read, for each lane; '' means no lane. */
function newAccount() {
  const used: Used = {}
  const of = (lane: string) => (used[lane] ??= { bytesUp: 0, bytesDown: 0 })
  return {
    used,
    up: (lane: string, bytes: number) => void (of(lane).bytesUp += bytes),
    down: (lane: string, bytes: number) => void (of(lane).bytesDown += bytes),
  }
}

/** Throws with the run and its seed if a reading falls, does not add up, or differs from the clients' bytes at the end. */
export async function holdsFigures(conditions: Partial<Conditions>, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(CONNECTION, { minLength: 1, maxLength: 2 }), async (connections) => {
      const host = await serve({ ...NEUTRAL, ...conditions })
      const account = newAccount()
      const watch = watchReadings(host.look)
      try {
        const ends = await Promise.all(connections.map((one, i) => play(one, i, host, account)))
        // The client can read an answer before the server knows that it was written.
        await until(
          'the figures of the meter equal those of the clients',
          () => isEqual(host.look().read, account.used),
          1500,
        ).catch(() => {})
        expect(byLane(host.look().read)).toEqual(byLane(account.used))
        for (const end of ends) end()
        await until('all sockets are closed', () => host.sockets.size === 0 && host.look().read.unclaimed.bytesUp === 0)
        const { read, bytesUp } = host.look()
        expect(sum([...read.lanes, read.other], 'bytesUp')).toBe(bytesUp)
        expect(byLane(read)).toEqual(byLane(account.used))
        await isTold(read, host.crossings)
      } finally {
        watch.stop()
        await host.close()
      }
    }),
    // A failing run waits for bytes that never arrive, so finding a smaller one would take minutes.
    { numRuns, endOnFailure: true },
  )
}

/** Reads the meter again and again, and collects the faults. */
function watchReadings(look: () => { read: Lanes; bytesUp: number }) {
  let last: Used = {}
  let trouble: unknown = null
  const timer = setInterval(() => {
    try {
      const { read, bytesUp } = look()
      last = checked(read, bytesUp, last)
    } catch (error) {
      trouble ??= error
    }
  }, 1)
  return {
    stop() {
      clearInterval(timer)
      if (trouble) throw trouble
    },
  }
}

/** Checks that a reading adds up and that no lane has fewer bytes than before. */
function checked(read: Lanes, bytesUp: number, last: Used): Used {
  for (const { split, ...bytes } of [...read.lanes, read.other]) {
    expect(Object.values(split).reduce((sum, kind) => sum + kind)).toBe(bytes.bytesUp + bytes.bytesDown)
    expect(Math.min(...Object.values(split))).toBeGreaterThanOrEqual(0)
  }
  const now: Used = { ...byLane(read), other: { bytesUp: read.other.bytesUp, bytesDown: read.other.bytesDown } }
  for (const [lane, { bytesUp, bytesDown }] of Object.entries(last)) {
    expect({ lane, up: now[lane]?.bytesUp }).toEqual({ lane, up: Math.max(bytesUp, now[lane]?.bytesUp ?? 0) })
    expect({ lane, down: now[lane]?.bytesDown }).toEqual({ lane, down: Math.max(bytesDown, now[lane]?.bytesDown ?? 0) })
  }
  expect(sum([...read.lanes, read.other, read.unclaimed], 'bytesUp')).toBe(bytesUp)
  return now
}

const sum = (of: readonly { bytesUp: number; bytesDown: number }[], way: 'bytesUp' | 'bytesDown'): number =>
  of.reduce((sum, bytes) => sum + bytes[way], 0)

function byLane(of: Lanes | Used): Used {
  const entries = 'lanes' in of ? (of as Lanes).lanes.map((lane) => [lane.lane, lane] as const) : Object.entries(of)
  return Object.fromEntries(
    entries
      .filter(([lane]) => lane !== '')
      .map(([lane, { bytesUp, bytesDown }]) => [lane, { bytesUp, bytesDown }])
      .toSorted(([some], [other]) => String(some).localeCompare(String(other))),
  )
}

const isEqual = (read: Lanes, used: Used): boolean => JSON.stringify(byLane(read)) === JSON.stringify(byLane(used))

/** Checks that the crossings of each lane add up to its bytes. */
async function isTold(read: Lanes, crossings: readonly Crossing[]): Promise<void> {
  const told = () => {
    const account = newAccount()
    for (const { lane, up, bytes, lost = 0 } of crossings) account[up ? 'up' : 'down'](lane, bytes - lost)
    return account.used
  }
  await until('all crossings are reported', () => isEqual(read, told()), 2000).catch(() => {})
  expect(byLane(told())).toEqual(byLane(read))
}

function readingOf({ url = '' }: Pick<IncomingMessage, 'url'>): Reading | null {
  const [, lane] = /^\/([abc])\//.exec(url) ?? []
  if (lane === undefined) return null
  return {
    lane,
    transport: null,
    body: () => (bytes) => ({ payload: bytes.length >> 1, heartbeats: 0 }),
    idOf: () => undefined,
    messageDown: () => 'payload',
    messageUp: () => 'requestBodies',
    isEmpty: (status) => status === null || status === 204,
  }
}

async function serve(conditions: Conditions) {
  const server = createServer(answer)
  server.on('upgrade', (request, socket) => {
    socket.on('error', () => socket.destroy())
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
    socket.on('data', () => {})
    socket.write(frame(Buffer.from(`<${request.url}>`)))
    socket.on('end', () => socket.end())
  })
  const wire = createWire(server)
  wire.setConditions(conditions)
  const capture = createCapture()
  const crossings: Crossing[] = []
  for (const lane of ['a', 'b', 'c']) capture.watch(lane, (crossing) => crossings.push(crossing))
  const meter = createMeter(server, readingOf, capture)
  const sockets = new Set<Socket>()
  let goneBytes = 0
  server.prependListener('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      goneBytes += socket.bytesRead
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    crossings,
    sockets,
    cut: (how: Cut, port: number) => wire.cut(how, ({ remotePort }) => remotePort === port),
    look: () => ({
      read: meter.read(),
      bytesUp: [...sockets].reduce((sum, { bytesRead }) => sum + bytesRead, goneBytes),
    }),
    async close() {
      wire.close()
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      server.close()
    },
  }
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { url = '' } = request
  const [, kind] = /^\/\w\/(\w+)-/.exec(url) ?? []
  request.resume()
  if (kind === 'never') return
  if (kind === 'empty') response.writeHead(204, { 'x-is': `<${url}>` }).end()
  else if (kind === 'chunked') {
    response.write('some')
    setImmediate(() => response.end(`<${url}>`))
  } else if (kind === 'held') setTimeout(() => response.end(`<${url}>`), 4)
  else if (request.method === 'POST') request.on('end', () => response.end(`<${url}>`))
  else response.end(`<${url}>`)
}

interface Host {
  readonly port: number
  readonly sockets: ReadonlySet<Socket>
  cut(how: Cut, port: number): void
  look(): { read: Lanes; bytesUp: number }
}

/** Opens a connection. Returns a function that ends it. */
async function play(
  { steps, isPipelined, end, leaves }: Connection,
  index: number,
  host: Host,
  account: ReturnType<typeof newAccount>,
): Promise<() => void> {
  const socket = connect(host.port, '127.0.0.1')
  let text = ''
  socket.on('error', () => {})
  socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')))
  await once(socket, 'connect')
  const leave = () => void (leaves === 'FIN' ? socket.end() : socket.resetAndDestroy())

  const requests = steps.map((step, i) => ({ ...step, ...requestOf(step, `${index}-${i}`) }))
  const last = requests.at(-1)
  for (const { lane, bytes } of requests) account.up(lane, bytes.length)
  const half = `GET /b/half-${index} HTTP/1.1\r\nHost`
  for (const batch of isPipelined ? [requests] : requests.map((one) => [one])) {
    const isLast = batch.at(-1) === last && end === 'half a head at once'
    const bytes = Buffer.from(batch.map(({ bytes }) => bytes).join('') + (isLast ? half : ''))
    const [first] = batch
    await writeInTwo(socket, bytes, first?.cutAt ?? 0)
    await until('all requests of the batch are answered', () => batch.every(({ url }) => isAnswered(text, url)))
  }
  for (const [i, part] of answersIn(text).entries()) account.down(requests[i]?.lane ?? '', part.length)

  if (end === 'half a head') {
    socket.write(half)
    await read(host, socket)
  } else if (end === 'WebSocket') {
    const before = text.length
    const writtenBefore = socket.bytesWritten
    const url = `/c/ws-${index}`
    const head = `GET ${url} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
    const bytes = Buffer.concat([Buffer.from(head), frame(Buffer.from('hello'), { mask: true })])
    await writeInTwo(socket, bytes, head.length - 3)
    const refusal = 'A firewall refuses'
    await until('the request is answered', () => text.includes(`<${url}>`) || text.includes(refusal))
    if (!text.includes(refusal)) socket.write(frame(Buffer.from('bye'), { mask: true }))
    await read(host, socket)
    account.up('c', socket.bytesWritten - writtenBefore)
    account.down('c', text.length - before)
  } else if (end === 'a request that is cut' || end === 'a request into a black hole') {
    // The server's process has read the bytes. They can still be on their way through a link.
    const head = `GET /b/never-${index} HTTP/1.1\r\nHost: x\r\n\r\n`
    if (end === 'a request into a black hole') host.cut('black hole', socket.localPort ?? 0)
    socket.write(head)
    await read(host, socket)
    if (end === 'a request that is cut') host.cut(leaves, socket.localPort ?? 0)
    account.up('b', head.length)
  }
  return leave
}

/** Waits until the server has read all written bytes. */
async function read({ sockets }: Host, { bytesWritten, localPort }: Socket): Promise<void> {
  const other = [...sockets].find(({ remotePort }) => remotePort === localPort)
  await until(
    'the server has read all bytes of the client',
    () => other === undefined || other.bytesRead === bytesWritten,
  )
}

async function writeInTwo(socket: Socket, bytes: Buffer, at: number): Promise<void> {
  socket.write(bytes.subarray(0, at))
  if (at > 0 && at < bytes.length) await new Promise((resolve) => setTimeout(resolve, 3))
  if (at < bytes.length) socket.write(bytes.subarray(at))
}

/** Splits the answers, each together with the interim answers before it. */
const answersIn = (text: string): string[] =>
  text.split(/(?<!100 Continue\r\n\r\n)(?=HTTP\/1\.1 )/).filter((part) => part !== '')

const isAnswered = (text: string, url: string): boolean =>
  answersIn(text).some(
    (part) =>
      part.includes(`<${url}>`) && (/chunked/i.test(part) ? part.endsWith('0\r\n\r\n') : part.includes('\r\n\r\n')),
  )

const BODIES: Partial<Record<string, string>> = {
  post: 'Content-Length: 5\r\n\r\n12345',
  upload: 'Transfer-Encoding: chunked\r\n\r\n3\r\n123\r\n2;x=y\r\n45\r\n0\r\n\r\n',
  expect: 'Expect: 100-continue\r\nContent-Length: 5\r\n\r\n12345',
}

function requestOf({ lane, kind }: Step, id: string) {
  const url = `/${lane}/${kind}-${id}`
  const more = BODIES[kind]
  const method = more === undefined ? 'GET' : 'POST'
  return { url, bytes: `${method} ${url} HTTP/1.1\r\nHost: x\r\n${more ?? '\r\n'}` }
}
