/**
 * Tests of the relay between two bare sockets: the bytes that leave at one end are the bytes that entered at the other.
 */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { AccessOptions } from '../../../server/access/access.ts'
import type { Conditions } from '../../../server/protocol/lab.ts'
import { until } from '../../until.ts'
import { LANE, beside } from './beside.ts'

const PATH = `/feed/a/poll?lane=${LANE}`
const REQUEST = `GET /mine${PATH} HTTP/1.1\r\nhOst: localhost\r\nX-Odd: 1\r\nX-Odd: 2\r\n\r\n`
const PASSED = REQUEST.replace('/mine', '')
/** A response with a spelling that no HTTP library would produce. */
const ANSWER = 'HTTP/1.1 200 Fine\r\ncontent-LENGTH:   5\r\nx:y\r\nX: z\r\n\r\nhello'
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
const OURS = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n'

test("if signing in is on, only people who have signed in reach the student's server", async () => {
  const { mine } = await joined({}, { password: 'secret' })
  expect((await fetch(`${mine}/x`)).status).toBe(401)
})

test('the relay passes on a response with the same bytes: names, spaces, chunks and trailers', async () => {
  const { dial, far } = await joined()
  const client = dial()
  client.socket.write(REQUEST)
  const server = await far.connection(0)
  await server.has(PASSED)
  server.socket.write(ANSWER)
  await client.has(ANSWER)
  client.socket.write(REQUEST)
  await server.has(PASSED + PASSED)
  server.socket.write(`${CHUNKED}3;x=1\r\nabc\r\n`)
  await client.has('abc')
  server.socket.write('0\r\nTrailer: 1\r\n\r\n')
  await client.has(`${ANSWER}${CHUNKED}3;x=1\r\nabc\r\n0\r\nTrailer: 1\r\n\r\n`)
  client.socket.write(REQUEST)
  await server.has(PASSED + PASSED + PASSED)
})

test("requests to the sandbox and to the student's server can alternate on one connection, even if they are pipelined", async () => {
  const { dial, far, lane } = await joined()
  const client = dial()
  client.socket.write(OURS + REQUEST + OURS + REQUEST + OURS)
  const server = await far.connection(0)
  await server.has(PASSED)
  server.socket.write(ANSWER)
  await server.has(PASSED + PASSED)
  server.socket.write(ANSWER)
  const health = /HTTP\/1\.1 200 OK\r\n.*?"status":"ok".*?\}/s.source
  const inTurns = new RegExp(`^${[health, ANSWER, health, ANSWER, health].join('.*?')}$`, 's')
  await until('all responses have arrived in order', () => inTurns.test(client.text()))
  expect(server.text()).toBe(PASSED + PASSED)
  expect(await lane()).toMatchObject({
    requests: 2,
    connections: 0,
    bytesUp: 2 * REQUEST.length,
    bytesDown: 2 * ANSWER.length,
  })
})

test.each([{}, { latencyMs: 5 }])(
  'under the conditions %o, the bytes of the lane are counted exactly in both directions',
  async (conditions) => {
    const { dial, far, lane } = await joined(conditions)
    const client = dial()
    for (let i = 1; i <= 3; i++) {
      client.socket.write(REQUEST)
      const server = await far.connection(0)
      await server.has(PASSED.repeat(i))
      server.socket.write(ANSWER)
      await client.has(ANSWER.repeat(i))
    }
    await until('the last response is counted', async () => (await lane())?.bytesDown === 3 * ANSWER.length)
    expect(await lane()).toMatchObject({ requests: 3, connections: 1, bytesUp: 3 * REQUEST.length })
    expect((await lane())?.split.requestHeads).toBe(3 * REQUEST.length)
  },
)

test('the relay passes on a request body unchanged, even if the body arrives in chunks with trailers', async () => {
  const { dial, far } = await joined()
  const client = dial()
  const post = `POST /mine/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: a/b\r\nContent-Length: 9\r\n\r\nGET / \xffa\x00`
  client.socket.write(post, 'latin1')
  const server = await far.connection(0)
  await server.has(post.replace('/mine', ''))
  server.socket.write(ANSWER)
  await client.has(ANSWER)
  const chunked = 'PUT /mine/y HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'
  client.socket.write(chunked)
  await server.has(chunked.replace('/mine', ''))
  client.socket.write('2\r\nde\r\n0\r\nX-Last: 1\r\n\r\n')
  await server.has('2\r\nde\r\n0\r\nX-Last: 1\r\n\r\n')
})

test('the relay finds the end of a HEAD response, an interim response and a response without a length', async () => {
  const { dial, far, lane } = await joined()
  const client = dial()
  const post = REQUEST.replace('GET', 'POST').replace('\r\n\r\n', '\r\nContent-Length: 4\r\n\r\nGET ')
  client.socket.write(post)
  const server = await far.connection(0)
  await server.has(post.replace('/mine', ''))
  server.socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ANSWER}`)
  await client.has(`</a>\r\n\r\n${ANSWER}`)
  client.socket.write(REQUEST.replace('GET', 'HEAD'))
  await server.has('HEAD')
  server.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n')
  await client.has('99\r\n\r\n')
  client.socket.write(REQUEST)
  await server.has(PASSED)
  server.socket.end('HTTP/1.1 200 OK\r\n\r\nto the end')
  await client.ended
  expect(client.text()).toContain('to the end')
  await until('all received bytes are counted', async () => (await lane())?.bytesDown === client.text().length)
  expect(await lane()).toMatchObject({
    requests: 3,
    bytesUp: post.length + 2 * REQUEST.length + 'HEAD'.length - 'GET'.length,
  })
})

test('after a 101, the relay passes on and counts frames in both directions, even frames that came with the handshake', async () => {
  const { dial, far, lane } = await joined()
  const client = dial(true)
  const path = `/feed/a/ws?lane=${LANE}`
  const handshake = `GET /mine${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`
  const frame = '\x81\x81\x00\x00\x00\x00a'
  client.socket.write(handshake + frame, 'latin1')
  const server = await far.connection(0)
  await server.has(handshake.replace('/mine', '') + frame)
  const opened = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'
  server.socket.write(`${opened}\x81\x03abc`, 'latin1')
  await client.has(`${opened}\x81\x03abc`)
  client.socket.write(frame, 'latin1')
  await server.has(frame + frame)
  expect(await lane()).toMatchObject({ bytesUp: handshake.length + 14, bytesDown: opened.length + 5 })
  server.socket.end('\x88\x00', 'latin1')
  await client.has('\x88\x00')
  client.socket.write(frame, 'latin1')
  await server.has(frame + frame + frame)
  client.socket.end()
  await Promise.all([client.ended, server.ended])
})

test("if the student's server refuses a handshake, the client gets its refusal", async () => {
  const { dial, far } = await joined()
  const client = dial()
  client.socket.write('GET /mine/x HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
  const server = await far.connection(0)
  await server.has('\r\n\r\n')
  server.socket.write(ANSWER)
  await client.ended
  expect(client.text()).toBe(ANSWER)
  await server.ended
})

test.each([
  ['/mine', '/'],
  ['/mine/', '/'],
  ['/mine?a=1', '/?a=1'],
  ['/mine/mine//x/../y', '/mine//x/../y'],
  ['/%6dine/a%2Fb?c=%20', '/a%2Fb?c=%20'],
  ['http://localhost/mine/x?', '/x?'],
])("a request for %s reaches the student's server as %s", async (asked, passed) => {
  const { dial, far } = await joined()
  for (const more of ['', 'Connection: Upgrade\r\nUpgrade: websocket\r\n']) {
    const client = dial()
    client.socket.write(`GET ${asked} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`)
    const server = await far.connection(more === '' ? 0 : 1)
    await server.has(`GET ${passed} HTTP/1.1\r\n`)
  }
})

test('the sandbox removes its own credentials from a request, and passes other credentials on', async () => {
  const { access, dial, far } = await joined({}, { password: 'secret' })
  const { token } = await access.sessions.begin({ user: 'Ada', isInstructor: false })
  const client = dial()
  client.socket.write(
    `GET /mine/x?%74oken=${token}&token=own&a=1 HTTP/1.1\r\nHost: localhost\r\nCookie: a=1; fourwire-session=${token}; b=2\r\nCookie: fourwire-session=${token}\r\nAuthorization: Bearer ${token}\r\nAuthorization: Basic YTpi\r\nCookie: a=1;b=2\r\nExpect: 100-continue\r\nAccept: b\r\n\r\n`,
  )
  const server = await far.connection(0)
  await server.has(
    'GET /x?token=own&a=1 HTTP/1.1\r\nHost: localhost\r\nCookie: a=1; b=2\r\nAuthorization: Basic YTpi\r\nCookie: a=1;b=2\r\nAccept: b\r\n\r\n',
  )
})

const shut = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'

test.each([
  ['announces the end of its connection', REQUEST, shut],
  ['has the version HTTP/1.0', REQUEST, 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['answers a request with Connection: close', REQUEST.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'), ANSWER],
  ['is longer than its Content-Length', REQUEST, `${ANSWER} and more`],
  ['has a body although the request is a HEAD', REQUEST.replace('GET', 'HEAD'), ANSWER],
  ['has a chunk without a length', REQUEST, `${CHUNKED}xyz\r\nabc\r\n\r\n\r\nHTTP`],
])(
  'the relay passes on completely a response that %s, and then ends the connection',
  async (_which, request, answer) => {
    const { dial, far } = await joined()
    const client = dial()
    client.socket.write(request)
    const server = await far.connection(0)
    await server.has('\r\n\r\n')
    server.socket.write(answer)
    await client.ended
    expect([client.trouble(), client.text()]).toEqual([null, answer])
    await server.ended
  },
)

test.each([
  ['is not HTTP', 'hello\n\nworld'],
  ['ends in its head', 'HTTP/1.1 200 OK\r\nContent-Le'],
  ['is shorter than its Content-Length', ANSWER.slice(0, -1)],
  ['ends within a chunk', `${CHUNKED}9\r\nabc`],
  ['has no bytes', ''],
])(
  "the relay passes on the bytes of a response that %s, and then ends the client's connection",
  async (_which, answer) => {
    const { dial, far } = await joined()
    const client = dial()
    client.socket.write(REQUEST)
    const server = await far.connection(0)
    await server.has(PASSED)
    server.socket.end(answer)
    await client.ended
    expect([client.trouble(), client.text()]).toEqual([null, answer])
  },
)

test("bytes that the student's server sends between two requests are dropped, and the next request opens a new connection", async () => {
  const { dial, far } = await joined()
  const client = dial()
  client.socket.write(REQUEST)
  const server = await far.connection(0)
  await server.has(PASSED)
  server.socket.write(ANSWER)
  await client.has(ANSWER)
  server.socket.write('more')
  await server.ended
  client.socket.write(OURS)
  await client.has('"status":"ok"')
  client.socket.write(REQUEST)
  const next = await far.connection(1)
  await next.has(PASSED)
  expect(client.text()).not.toContain('more')
})

test("after the student's server has restarted, a client's open connection leads to the new server", async () => {
  const { dial, far, tell } = await joined()
  const other = await farServer()
  const client = dial()
  client.socket.write(REQUEST)
  const server = await far.connection(0)
  await server.has(PASSED)
  server.socket.write(ANSWER)
  await client.has(ANSWER)
  tell(other.port)
  client.socket.write(REQUEST)
  await (await other.connection(0)).has(PASSED)
  await server.ended
})

test("the relay makes the student's server wait for a slow reader", async () => {
  const { dial, far } = await joined()
  const client = dial()
  client.socket.write(REQUEST)
  const server = await far.connection(0)
  await server.has(PASSED)
  client.socket.pause()
  const body = 'x'.repeat(20_000_000)
  server.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  await once(server.socket, 'timeout', { signal: AbortSignal.timeout(5000), ...server.socket.setTimeout(200) })
  expect(server.socket.writableLength).toBeGreaterThan(0)
  client.socket.resume()
  await until('the whole response has arrived', () => client.text().length > body.length)
})

test('latency delays the lane at /mine like every other lane', async () => {
  const { dial, far } = await joined({ latencyMs: 40 })
  const client = dial()
  const beganMs = performance.now()
  client.socket.write(REQUEST)
  const server = await far.connection(0)
  await server.has(PASSED)
  // One round trip for the connection and one trip for the request.
  expect(performance.now() - beganMs).toBeGreaterThan(110)
  const askedMs = performance.now()
  server.socket.write(ANSWER)
  await client.has(ANSWER)
  expect(performance.now() - askedMs).toBeGreaterThan(38)
})

test.each(['FIN', 'RST', 'black hole'] as const)(
  "a cut by %s also cuts the relay's connection to the student's server",
  async (how) => {
    const { dial, far, cut, lane } = await joined()
    const client = dial()
    client.socket.write(REQUEST)
    const server = await far.connection(0)
    await server.has(PASSED)
    server.socket.write(`${CHUNKED}3\r\nabc\r\n`)
    await client.has('abc')
    await cut(how)
    server.socket.write('3\r\ndef\r\n')
    if (how === 'black hole') {
      client.socket.write(REQUEST)
      client.socket.destroy()
    } else await client.ended
    await server.ended
    expect(client.text()).not.toContain('def')
    expect(server.text()).toBe(PASSED)
    await until('all received bytes are counted', async () => (await lane())?.bytesDown === client.text().length)
  },
)

test('a change of conditions ends idle connections and endless responses at once, and others after the last byte of the response', async () => {
  const { dial, far, set } = await joined()
  const [idle, stream, held, whole] = [dial(), dial(), dial(), dial()]
  idle.socket.write(REQUEST)
  const first = await far.connection(0)
  await first.has(PASSED)
  first.socket.write(ANSWER)
  await idle.has(ANSWER)
  stream.socket.write(REQUEST)
  const second = await far.connection(1)
  await second.has(PASSED)
  second.socket.write(`${CHUNKED}3\r\nabc\r\n`)
  await stream.has('abc')
  held.socket.write(REQUEST)
  const third = await far.connection(2)
  await third.has(PASSED)
  whole.socket.write(REQUEST)
  const fourth = await far.connection(3)
  await fourth.has(PASSED)
  fourth.socket.write(ANSWER.slice(0, -3))
  await whole.has(ANSWER.slice(0, -3))
  await set({ jitterMs: 1 })
  await Promise.all([idle.ended, stream.ended, held.ended])
  fourth.socket.write(ANSWER.slice(-3))
  await whole.ended
  expect(whole.text()).toBe(ANSWER)
  await Promise.all([first.ended, second.ended, third.ended, fourth.ended])
})

test("the relay ends the connection to the student's server when a client leaves, and passes a reset of that server on to the client", async () => {
  const { dial, far } = await joined()
  const left = dial()
  left.socket.write(REQUEST)
  const server = await far.connection(0)
  await server.has(PASSED)
  left.socket.destroy()
  await server.ended
  const reset = dial()
  reset.socket.write(REQUEST)
  const second = await far.connection(1)
  await second.has(PASSED)
  second.socket.resetAndDestroy()
  await reset.ended
  expect(reset.trouble()).toBe('ECONNRESET')
})

test("while the student's server does not run or its port is closed, the client's connection is reset", async () => {
  const { dial, far, tell } = await joined()
  far.server.close()
  for (const more of ['', 'Connection: Upgrade\r\nUpgrade: websocket\r\n']) {
    const closed = dial()
    closed.socket.write(`GET /mine/x HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`)
    await closed.ended
    expect(closed.trouble()).toBe('ECONNRESET')
  }
  tell(null)
  const nobody = dial()
  nobody.socket.write(REQUEST)
  await nobody.ended
  expect(nobody.trouble()).toBe('ECONNRESET')
})

/** Starts a sandbox and a student's server that writes the bytes of the test. */
async function joined(conditions: Partial<Conditions> = {}, auth?: AccessOptions['auth']) {
  const far = await farServer()
  const sandbox = await beside(far.port, conditions, auth)
  return {
    ...sandbox,
    far,
    dial(allowHalfOpen = false) {
      const socket = connect({ port: sandbox.port, host: '127.0.0.1', allowHalfOpen })
      onTestFinished(() => void socket.destroy())
      return endOf(socket)
    },
  }
}

async function farServer() {
  const connections: ReturnType<typeof endOf>[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connections.push(endOf(socket))
    socket.on('end', () => socket.end())
  })
  const port = await listening(server)
  onTestFinished(() => {
    for (const { socket } of connections) socket.destroy()
    server.close()
  })
  return {
    server,
    port,
    connection: (nth: number) =>
      until(`connection ${nth} has reached the server of the student`, () => connections[nth]),
  }
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
    has: (what: string) => until(`the server of the student has received "${what}"`, () => text.includes(what)),
  }
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
