/** The meter on simple servers, compared with clients that count their own bytes. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import type { Split, WireBytes } from '../../../../server/protocol/wire.ts'
import { isWebSocketUpgrade } from '../../../../server/http/upgrade.ts'
import { createMeter } from '../../../../server/wire/meter/meter.ts'
import type { Reading } from '../../../../server/wire/reading.ts'
import { until } from '../../../until.ts'

/** Reading for the tests: the lane is the first part of the path, and text in braces is payload. */
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
  return {
    socket,
    text: () => text,
    has: (what: string) => until(`the client has received "${what}"`, () => text.includes(what)),
  }
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`

const kinds = ({ split }: WireBytes): Partial<Split> =>
  Object.fromEntries(Object.entries(split).filter(([, bytes]) => bytes > 0))

test('the meter counts exchanges of several lanes on one connection separately, and the connection for the first lane', async () => {
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

test('the meter counts pipelined requests separately, no matter in which order the server finishes the answers', async () => {
  const slow: (() => void)[] = []
  await using server = await serve(({ url }, response) => {
    const answer = () => response.end(`{${url}}`)
    if (url?.endsWith('slow')) slow.push(answer)
    else answer()
  })
  const { socket, has, text } = client(server.port)
  const paths = ['/a/slow', '/b/quick', '/quick', '/c/x']
  socket.write(paths.map(get).join(''))
  await until(
    'the server knows three lanes and one slow request',
    () => server.read().lanes.length === 3 && slow.length === 1,
  )
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

test('requests that are pipelined after a body count separately, even if the server answers the body before it reads them', async () => {
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

test('a body that arrives late, in chunks or after 100 Continue counts for its request, like the answer', async () => {
  await using server = await serve((request, response) => {
    request.resume()
    request.on('end', () => response.end('{}'))
  })
  const head = (path: string, more: string) => `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n\r\n`
  const { socket, text } = client(server.port)
  const answers = (count: number) =>
    until(`the client has received ${count} responses`, () => text().split('{}').length === count + 1)

  socket.write(get('/first'))
  await answers(1)
  const first = text().length

  socket.write(head('/late/', 'Content-Length: 5'))
  await until('the server knows the lane "late"', () => server.lane('late'))
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
  await until('the client has received 100 Continue', () => text().includes('100 Continue'))
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

test('a head with unusual spaces counts with the number of bytes that arrived', async () => {
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
      await until('the response has arrived', () => text().split('{}').length === i + 2)
    }
    const lanes = server.read().lanes.slice(-3)
    expect(lanes.map(({ split }) => split.requestHeads)).toEqual(requests.map(({ length }) => length))
    socket.destroy()
  }
})

test('all bytes of a chunk count as heartbeats if the chunk contains only heartbeats', async () => {
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

test('the meter does not count a write to a broken connection', async () => {
  const answers: ServerResponse[] = []
  await using server = await serve((_request, response) => void answers.push(response))
  const { socket } = client(server.port)
  socket.write(get('/a/'))
  const response = await until('the request has arrived', () => answers[0])
  response.write('{}')
  const before = await until('the meter has counted the first bytes', () => server.lane('a')?.bytesDown)
  socket.resetAndDestroy()
  response.socket?.write('{}')
  await once(response, 'close')
  expect(server.lane('a')?.bytesDown).toBe(before)
})

test.each([
  ['a lane', '/a/'],
  ['no lane', '/'],
])(
  'bytes in %s that wait for a client that does not read are not counted, even after the client has gone',
  async (_what, path) => {
    const answers: ServerResponse[] = []
    await using server = await serve((_request, response) => void answers.push(response))
    const down = () => (server.lane('a') ?? server.read().other).bytesDown
    const { socket } = client(server.port)
    socket.pause()
    socket.write(get(path))
    const response = await until('the request has arrived', () => answers[0])
    const its = response.socket
    if (!its) throw new Error('The answer has no socket.')
    // One write in each turn, as in real use: the kernel gets the writes of one turn together.
    await until('10 MiB wait in the socket', () => {
      response.write(Buffer.alloc(64 * 1024))
      return its.writableLength > 10 * 1024 * 1024
    })
    const counted = down()
    expect(counted).toBeGreaterThan(64 * 1024)
    expect(counted).toBe(its.bytesWritten - its.writableLength)
    socket.resetAndDestroy()
    await until('the server has noticed the close', () => its.closed)
    expect(down()).toBe(counted)
  },
)

test('a stream without a lane is counted while it is open, and the next request on its connection is counted normally', async () => {
  const answers: ServerResponse[] = []
  await using server = await serve(({ url }, response) => {
    if (url === '/') answers.push(response)
    else response.end('{}')
  })
  const { socket, has, text } = client(server.port)
  for (const round of ['one', 'two']) {
    socket.write(get('/'))
    const response = await until('the request has arrived', () => answers.pop())
    for (const part of ['1', '2', '3']) {
      response.write(round + part)
      await has(round + part)
    }
    const { bytesDown } = server.lane('a') ?? { bytesDown: 0 }
    expect(server.read().other.bytesDown).toBe(text().length - bytesDown)
    response.end()
    await until('the stream has ended', () => text().endsWith('0\r\n\r\n'))
    const before = text().length
    socket.write(get('/a/'))
    await until('the next response has arrived', () => text().endsWith('{}'))
    const lane = server.lane('a')
    expect(lane?.bytesDown).toBe(bytesDown + text().length - before)
    expect(lane?.split.payload).toBe(round === 'one' ? 2 : 4)
    expect(server.read().other.bytesDown).toBe(before - bytesDown)
  }
  socket.write(get('/'))
  const response = await until('the next request has arrived', () => answers.pop())
  response.write('last')
  await has('last')
  socket.destroy()
  await once(response, 'close')
  expect(server.read().other.bytesDown).toBe(text().length - (server.lane('a')?.bytesDown ?? 0))
})

test('bytes that are not an HTTP request, and the answer to them, count as "other"', async () => {
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

test('bytes that are not an HTTP request count as "other", even after a poll of a lane on the same connection', async () => {
  await using server = await serve((_request, response) => response.end('{}'))
  const { socket, has, text } = client(server.port)
  socket.write(get('/a/'))
  await has('{}')
  const { bytesUp, bytesDown } = server.lane('a') ?? server.read().other
  socket.end('NONSENSE\r\n\r\n')
  await once(socket, 'end')
  expect(text()).toMatch(REFUSAL)
  expect(server.lane('a')).toMatchObject({ bytesUp, bytesDown })
  expect(server.read().other).toMatchObject({ connections: 0, bytesUp: 12, bytesDown: REFUSAL.length })
  socket.destroy()
})

test('an incomplete head counts for no lane yet, on a new connection and after a poll of another lane', async () => {
  await using server = await serve((_request, response) => response.end('{}'))
  const { socket, text } = client(server.port)
  for (const [i, path] of ['/a/', '/b/'].entries()) {
    const before = server.read()
    socket.write(get(path).slice(0, 9))
    await until('the incomplete head has arrived', () => server.read().unclaimed.bytesUp > 0)
    expect(server.read()).toEqual({ ...before, unclaimed: { bytesUp: 9, bytesDown: 0 } })
    socket.write(get(path).slice(9))
    await until('the response has arrived', () => text().split('{}').length === i + 2)
    expect(server.read().unclaimed).toEqual({ bytesUp: 0, bytesDown: 0 })
    expect(server.read().lanes.at(-1)).toMatchObject({ lane: path[1], bytesUp: get(path).length })
  }
  socket.destroy()
})

test.each(['end', 'resetAndDestroy'] as const)(
  'an incomplete head counts as "other" if its client leaves by %s, and no lane loses bytes',
  async (leave) => {
    await using server = await serve((_request, response) => response.end('{}'))
    const { socket, has } = client(server.port)
    socket.write(get('/a/'))
    await has('{}')
    const { lanes } = server.read()
    socket.write('GET /b/')
    await until('the incomplete head has arrived', () => server.read().unclaimed.bytesUp === 7)
    socket[leave]()
    await until('the meter has moved the bytes to other', () => server.read().other.bytesUp === 7)
    expect(server.read()).toMatchObject({ lanes, unclaimed: { bytesUp: 0 } })
  },
)

test('the bytes of a 100 Continue count for no lane until the server begins to handle the request', async () => {
  const requests: (() => void)[] = []
  await using server = await serve((_request, response) => response.end('{}'))
  server.server.on('checkContinue', (request, response) => {
    response.writeContinue()
    requests.push(() => server.server.emit('request', request, response))
  })
  const { socket, has } = client(server.port)
  socket.write(get('/a/'))
  await has('{}')
  const { bytesDown } = server.lane('a') ?? server.read().other
  socket.write('POST /b/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n')
  await has('100 Continue')
  expect(server.lane('a')?.bytesDown).toBe(bytesDown)
  expect(server.read().unclaimed.bytesDown).toBe('HTTP/1.1 100 Continue\r\n\r\n'.length)
  requests[0]?.()
  expect(server.read().unclaimed.bytesDown).toBe(0)
  socket.destroy()
})

test('the meter counts a request that Node itself refuses, and the next request on its connection', async () => {
  await using server = await serve((_request, response) => response.end('{}'))
  const { socket, has, text } = client(server.port)
  const odd = 'GET /a/ HTTP/1.1\r\nHost: x\r\nExpect: the-impossible\r\n\r\n'
  socket.write(odd)
  await has('\r\n\r\n')
  expect(text()).toMatch(/ 417 /)
  const refusal = text().length
  socket.write(get('/b/'))
  await has('{}')
  expect(server.lane('a')).toMatchObject({ requests: 1, bytesUp: odd.length, bytesDown: refusal })
  expect(server.lane('b')).toMatchObject({ bytesUp: get('/b/').length, bytesDown: text().length - refusal })
  socket.destroy()
})

test('a WebSocket handshake without Connection: Upgrade counts as a normal request, like the next request', async () => {
  await using server = await serve((_request, response) => response.end('{}'))
  server.server.on('upgrade', () => {})
  Object.assign(server.server, { shouldUpgradeCallback: isWebSocketUpgrade })
  const { socket, has, text } = client(server.port)
  const asking = 'GET /a/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n'
  socket.write(asking)
  await has('{}')
  const answered = text().length
  socket.write(get('/b/'))
  await until('the next response has arrived', () => text().length > answered)
  expect(server.read().lanes).toMatchObject([
    { lane: 'a', bytesUp: asking.length, bytesDown: answered },
    { lane: 'b', bytesUp: get('/b/').length, bytesDown: text().length - answered },
  ])
  socket.destroy()
})

test('two chunked bodies, the requests after them and half a head are counted separately if they arrive in one piece', async () => {
  await using server = await serve((request, response) => {
    request.resume()
    request.on('end', () => response.end(`{${request.url}}`))
  })
  const { socket, has } = client(server.port)
  const upload = (path: string) =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\n123\r\n0\r\nT: 1\r\n\r\n`
  socket.write(`${upload('/a/')}${upload('/b/b')}${get('/c/')}${get('/d/dd')}GET /e`)
  await has('{/d/dd}')
  expect(server.read().lanes.map(({ bytesUp }) => bytesUp)).toEqual([
    upload('/a/').length,
    upload('/b/b').length,
    get('/c/').length,
    get('/d/dd').length,
  ])
  expect(server.read().unclaimed.bytesUp).toBe(6)
  socket.destroy()
})

test('a stream that replaces the kernel\u2019s socket is metered like a socket', async () => {
  await using server = await serve(({ url }, response) => {
    if (url?.startsWith('/a/')) return response.end(`{${url}}`)
    response.write('one', () => response.write('two'))
  })
  const listeners = server.server.listeners('connection')
  server.server.removeAllListeners('connection')
  server.server.on('connection', (kernel) => {
    const socket = standIn(kernel)
    for (const listener of listeners) Reflect.apply(listener, server.server, [socket])
  })
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

/** Stream with only those members of a socket that a server needs. */
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
    // The count can be lower, because the stream need not have sent all bytes that it got.
    bytesWritten: { get: () => 0 },
  })
  return duplex
}
