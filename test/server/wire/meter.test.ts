/** The meter on servers of its own, against clients that count their own bytes. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import type { Split, WireBytes } from '../../../server/protocol.ts'
import { createMeter } from '../../../server/wire/meter.ts'
import type { Reading } from '../../../server/wire/reading.ts'
import { until } from '../../until.ts'

/** The lane is the first part of the path; what is in braces is payload. */
function readingOf({ url = '' }: { url?: string | undefined }): Reading | null {
  const [, lane] = /^\/(\w+)\//.exec(url) ?? []
  return lane === undefined
    ? null
    : {
        lane,
        transport: null,
        body: () => (bytes) => ({
          payload: /\{.*\}/s.exec(String(bytes))?.[0].length ?? 0,
          heartbeats: /:hb\n\n/.exec(String(bytes))?.[0].length ?? 0,
        }),
        idOf: () => undefined,
        messageDown: () => 'payload',
        messageUp: () => 'requestBodies',
        isEmpty: (status) => status === 204,
      }
}

const REFUSAL = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'

async function serve(answer: RequestListener) {
  const server = createServer(answer).on('clientError', (_error, socket) => socket.end(REFUSAL))
  const meter = createMeter(server, readingOf)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    server,
    port,
    lane: (name: string) => meter.read().lanes.find(({ lane }) => lane === name),
    read: meter.read,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function client(port: number) {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let text = ''
  socket.on('error', () => {})
  socket.on('data', (bytes) => (text += bytes.toString('latin1')))
  return { socket, text: () => text, has: (what: string) => until(`it has ${what}`, () => text.includes(what)) }
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`

const kinds = ({ split }: WireBytes): Partial<Split> =>
  Object.fromEntries(Object.entries(split).filter(([, bytes]) => bytes > 0))

test('exchanges of different lanes on one connection are told apart, and the first one\u2019s has the connection', async () => {
  await using server = await serve(({ url }, response) => response.end(`{${url}}`))
  const { socket, has, text } = client(server.port)
  const answers: number[] = []
  for (const path of ['/a/1', '/b/22', '/', '/a/333']) {
    const before = text().length
    socket.write(get(path))
    await has(`{${path}}`)
    answers.push(text().length - before)
  }
  const [one = 0, two = 0, three = 0, four = 0] = answers
  const { lanes, other } = server.read()
  const summary = [...lanes, other].map(({ requests, connections, bytesUp, bytesDown }) => [
    requests,
    connections,
    bytesUp,
    bytesDown,
  ])
  expect(summary.toSorted(([a = 0], [b = 0]) => b - a)).toEqual([
    [2, 1, get('/a/1').length + get('/a/333').length, one + four],
    [1, 0, get('/b/22').length, two],
    [1, 0, get('/').length, three],
  ])
  socket.destroy()
})

test('pipelined requests are told apart, in whatever order their answers become ready', async () => {
  const slow: (() => void)[] = []
  await using server = await serve(({ url }, response) => {
    const answer = () => response.end(`{${url}}`)
    if (url?.endsWith('slow')) slow.push(answer)
    else answer()
  })
  const { socket, has, text } = client(server.port)
  const paths = ['/a/slow', '/b/quick', '/quick', '/c/x']
  socket.write(paths.map(get).join(''))
  await until('all have come', () => server.read().lanes.length === 3 && slow.length === 1)
  slow[0]?.()
  await has('{/c/x}')
  const answers = text().split(/(?=HTTP\/1\.1)/)
  const metered = ['a', 'b', 'c'].map((name) => server.lane(name)).toSpliced(2, 0, undefined)
  for (const [i, path] of paths.entries()) {
    const { bytesUp, bytesDown } = metered[i] ?? server.read().other
    expect({ bytesUp, bytesDown }).toEqual({ bytesUp: get(path).length, bytesDown: answers[i]?.length })
  }
  socket.destroy()
})

test('requests pipelined behind a body are told apart, though it may be answered before they are read', async () => {
  await using server = await serve((request, response) => {
    request.resume()
    request.on('end', () => response.end(`{${request.url}}`))
  })
  const { socket, has } = client(server.port)
  const post = 'POST /a/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n'
  socket.write(`${post}12345${get('/b/')}${get('/c/cc')}${get('/d/d')}`)
  await has('{/d/d}')
  expect(server.read().lanes.map(({ bytesUp }) => bytesUp)).toEqual([
    post.length + 5,
    get('/b/').length,
    get('/c/cc').length,
    get('/d/d').length,
  ])
  socket.destroy()
})

test('a body that comes late, in chunks or after 100 Continue belongs to its request, and so does what answers it', async () => {
  await using server = await serve((request, response) => {
    request.resume()
    request.on('end', () => response.end('{}'))
  })
  const head = (path: string, more: string) => `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n\r\n`
  const { socket, text } = client(server.port)
  const answers = (count: number) => until(`${count} answers`, () => text().split('{}').length === count + 1)

  socket.write(get('/first'))
  await answers(1)
  const first = text().length

  socket.write(head('/late/', 'Content-Length: 5'))
  await until('the head is there', () => server.lane('late'))
  expect(kinds(server.lane('late') ?? server.read().other)).toEqual({
    requestHeads: head('/late/', 'Content-Length: 5').length,
  })
  socket.write('12345')
  await answers(2)
  expect(server.lane('late')?.split.requestBodies).toBe(5)

  const chunks = '5\r\n12345\r\n0\r\n\r\n'
  socket.write(head('/chunks/', 'Transfer-Encoding: chunked') + chunks)
  await answers(3)
  const third = text().length
  socket.write(head('/wait/', 'Expect: 100-continue\r\nContent-Length: 5'))
  await until('it goes on', () => text().includes('100 Continue'))
  socket.write('12345')
  await answers(4)
  const wait = server.lane('wait')
  expect(wait?.bytesDown).toBe(text().length - third)
  expect(wait?.split).toMatchObject({
    requestHeads: head('/wait/', 'Expect: 100-continue\r\nContent-Length: 5').length,
    requestBodies: 5,
    payload: 2,
  })
  expect(server.lane('chunks')?.split).toMatchObject({
    requestHeads: head('/chunks/', 'Transfer-Encoding: chunked').length,
    requestBodies: chunks.length,
  })
  expect(server.read().other.bytesDown).toBe(first)
  socket.destroy()
})

test('a head that is written oddly counts as long as it was', async () => {
  await using server = await serve((_request, response) => response.end('{}'))
  const wide = (path: string) => `GET ${path} HTTP/1.1\r\nHost:   localhost  \r\nX:\ty\r\n\r\n`
  const tight = (path: string) => `GET ${path} HTTP/1.1\r\nHost:localhost\r\nX:y\r\n\r\n`
  for (const requests of [
    [wide('/a/'), wide('/bb/'), get('/c/')],
    [tight('/d/'), tight('/ee/'), get('/f/')],
  ]) {
    const { socket, text } = client(server.port)
    for (const [i, request] of requests.entries()) {
      socket.write(request)
      await until('it is answered', () => text().split('{}').length === i + 2)
    }
    const lanes = server.read().lanes.slice(-3)
    expect(lanes.map(({ split }) => split.requestHeads)).toEqual(requests.map(({ length }) => length))
    socket.destroy()
  }
})

test('a heartbeat takes its chunk with it, unless an event shares the chunk', async () => {
  const parts = [':hb\n\n', ':hb\n\n{both}', '{}']
  await using server = await serve((_request, response) => {
    const next = () => {
      const part = parts.shift()
      if (part === undefined) response.end()
      else response.write(part, () => setImmediate(next))
    }
    next()
  })
  const { socket, has } = client(server.port)
  socket.write(get('/a/'))
  await has('0\r\n\r\n')
  const { split } = server.lane('a') ?? server.read().other
  expect(split).toMatchObject({
    heartbeats: '5\r\n:hb\n\n\r\n'.length + ':hb\n\n'.length,
    payload: '{both}{}'.length,
    framing: 'b\r\n\r\n2\r\n\r\n0\r\n\r\n'.length,
  })
  socket.destroy()
})

test('a write that finds the connection broken is not counted', async () => {
  const answers: ServerResponse[] = []
  await using server = await serve((_request, response) => void answers.push(response))
  const { socket } = client(server.port)
  socket.write(get('/a/'))
  const response = await until('it is asked', () => answers[0])
  response.write('{}')
  const before = await until('it is begun', () => server.lane('a')?.bytesDown)
  socket.resetAndDestroy()
  response.socket?.write('{}')
  await once(response, 'close')
  expect(server.lane('a')?.bytesDown).toBe(before)
})

test.each([
  ['a lane', '/a/'],
  ['no lane', '/'],
])(
  'what is queued in %s for a reader that does not read is not counted, nor when the reader is gone',
  async (_what, path) => {
    const answers: ServerResponse[] = []
    await using server = await serve((_request, response) => void answers.push(response))
    const down = () => (server.lane('a') ?? server.read().other).bytesDown
    const { socket } = client(server.port)
    socket.pause()
    socket.write(get(path))
    const response = await until('it is asked', () => answers[0])
    const its = response.socket
    if (!its) throw new Error('The answer has no socket.')
    // One write a turn, as they would come in life: those of one turn are one to the kernel.
    await until('the kernel takes no more', () => {
      response.write(Buffer.alloc(64 * 1024))
      return its.writableLength > 10 * 1024 * 1024
    })
    const counted = down()
    expect(counted).toBeGreaterThan(64 * 1024)
    expect(counted).toBe(its.bytesWritten - its.writableLength)
    socket.resetAndDestroy()
    await until('that is noticed', () => its.closed)
    expect(down()).toBe(counted)
  },
)

test('a stream without a lane is counted while it goes on, and what follows it on its connection as ever', async () => {
  const answers: ServerResponse[] = []
  await using server = await serve(({ url }, response) => {
    if (url === '/') answers.push(response)
    else response.end('{}')
  })
  const { socket, has, text } = client(server.port)
  for (const round of ['one', 'two']) {
    socket.write(get('/'))
    const response = await until('it is asked', () => answers.pop())
    for (const part of ['1', '2', '3']) {
      response.write(round + part)
      await has(round + part)
    }
    const { bytesDown } = server.lane('a') ?? { bytesDown: 0 }
    expect(server.read().other.bytesDown).toBe(text().length - bytesDown)
    response.end()
    await until('it is over', () => text().endsWith('0\r\n\r\n'))
    const before = text().length
    socket.write(get('/a/'))
    await until('it is answered', () => text().endsWith('{}'))
    const lane = server.lane('a')
    expect(lane?.bytesDown).toBe(bytesDown + text().length - before)
    expect(lane?.split.payload).toBe(round === 'one' ? 2 : 4)
    expect(server.read().other.bytesDown).toBe(before - bytesDown)
  }
  socket.write(get('/'))
  const response = await until('it is asked again', () => answers.pop())
  response.write('last')
  await has('last')
  socket.destroy()
  await once(response, 'close')
  expect(server.read().other.bytesDown).toBe(text().length - (server.lane('a')?.bytesDown ?? 0))
})

test('what is no request at all is counted as other, with what answers it', async () => {
  await using server = await serve((_request, response) => response.end())
  const { socket, text } = client(server.port)
  socket.end('NONSENSE\r\n\r\n')
  await once(socket, 'end')
  const { lanes, other } = server.read()
  expect(lanes).toEqual([])
  expect(other).toMatchObject({ requests: 0, connections: 1, bytesUp: 12, bytesDown: REFUSAL.length })
  expect(text()).toBe(REFUSAL)
  socket.destroy()
})

test('what is no request belongs to the lane whose connection it came over', async () => {
  await using server = await serve((_request, response) => response.end('{}'))
  const { socket, has, text } = client(server.port)
  socket.write(get('/a/'))
  await has('{}')
  socket.end('NONSENSE\r\n\r\n')
  await once(socket, 'end')
  expect(text()).toMatch(REFUSAL)
  expect(server.lane('a')?.bytesDown).toBe(text().length)
  expect(server.lane('a')?.bytesUp).toBe(get('/a/').length + 12)
  expect(server.read().other.bytesUp).toBe(0)
  socket.destroy()
})

test('a stream that stands before the kernel\u2019s socket is metered like it', async () => {
  await using server = await serve(({ url }, response) => {
    if (url?.startsWith('/a/')) return response.end(`{${url}}`)
    response.write('one', () => response.write('two'))
  })
  const [listener] = server.server.listeners('connection')
  server.server.removeAllListeners('connection')
  server.server.on('connection', (socket) => listener && Reflect.apply(listener, server.server, [standIn(socket)]))
  const { socket, has, text } = client(server.port)
  socket.write(get('/a/1'))
  await has('{/a/1}')
  socket.write(get('/a/2'))
  await has('{/a/2}')
  expect(server.lane('a')).toMatchObject({
    requests: 2,
    connections: 1,
    bytesUp: get('/a/1').length * 2,
    bytesDown: text().length,
  })
  const before = text().length
  socket.write(get('/'))
  await has('two\r\n')
  expect(server.read().other.bytesDown).toBe(text().length - before)
  socket.destroy()
})

/** As little of a socket as a server needs. */
function standIn(socket: Socket): Duplex {
  const duplex = new Duplex({
    allowHalfOpen: true,
    read: () => void socket.resume(),
    write: (chunk, encoding, done) => socket.write(chunk, encoding, done),
    final: (done) => void socket.end(done),
    destroy: (error, done) => {
      socket.destroy()
      done(error)
    },
  })
  socket.on('data', (bytes) => duplex.push(bytes))
  socket.on('end', () => duplex.push(null))
  socket.on('close', () => duplex.destroy())
  const none = () => duplex
  Object.assign(duplex, { setTimeout: none, setNoDelay: none, setKeepAlive: none, destroySoon: () => duplex.end() })
  Object.defineProperties(duplex, {
    bytesRead: { get: () => socket.bytesRead },
    // It may well be behind: what it was given it need not have sent.
    bytesWritten: { get: () => 0 },
  })
  return duplex
}
