/** Node's HTTP server and ws on a wire: with neutral conditions, and with a link in place of the socket. */
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { answerRawError } from '../../../server/http/error-handler.ts'
import { limitConnections } from '../../../server/access/connections.ts'
import { Link } from '../../../server/wire/bend/link.ts'
import { NEUTRAL } from '../../../server/wire/bend/ranges.ts'
import { until } from '../../until.ts'
import { wired } from './wired.ts'

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'

test('under neutral conditions the server gets the kernel\u2019s own socket', async () => {
  const seen: unknown[] = []
  await using server = await wired({}, ({ socket }, response) => {
    seen.push(socket)
    response.end('ok')
  })
  let accepted: unknown
  server.server.prependListener('connection', (socket) => (accepted = socket))
  const client = server.dial()
  client.socket.write(GET)
  await until('the response has arrived', () => client.text().endsWith('ok'))
  expect(seen).toEqual([accepted])
  expect(accepted).toBeInstanceOf(Socket)
})

test('under conditions the server gets a link, and after their removal it gets the kernel’s socket again', async () => {
  const seen: unknown[] = []
  await using server = await wired({ latencyMs: 1 }, ({ socket }, response) => {
    seen.push(socket)
    response.end('ok')
  })
  server.dial().socket.write(GET)
  await until('the server has the first connection', () => seen.length === 1)
  server.wire.setConditions(NEUTRAL)
  server.dial().socket.write(GET)
  await until('the server has the second connection', () => seen.length === 2)
  expect(seen).toEqual([expect.any(Link), expect.any(Socket)])
})

test('under latency an answer takes one round trip, and the first answer on a connection takes two', async () => {
  await using server = await wired({ latencyMs: 50 })
  const client = server.dial()
  for (const roundTrips of [2, 1]) {
    const beganMs = performance.now()
    client.socket.write(GET)
    await once(client.socket, 'data')
    const tookMs = performance.now() - beganMs
    expect(tookMs).toBeGreaterThan(roundTrips * 100 - 3)
    expect(tookMs).toBeLessThan(roundTrips * 100 + 40)
  }
})

test('a connection that the limit of connections closes never reaches the server', async () => {
  await using server = await wired({ latencyMs: 1 }, undefined, (bare) =>
    limitConnections(bare, { connectionsPerAddress: 0, pipelinedPerConnection: 1 }, () => false),
  )
  const client = server.dial()
  client.socket.write(GET)
  await until('the connection is closed', () => client.socket.closed || client.socket.readableEnded)
  expect(client.text()).toBe('')
})

test('connections that were opened before a change of conditions are outdated, and later connections are not', async () => {
  const sockets: Socket[] = []
  await using server = await wired({}, ({ socket }, response) => {
    sockets.push(socket)
    response.end('ok')
  })
  server.dial().socket.write(GET)
  await until('the server has the first connection', () => sockets.length === 1)
  server.wire.setConditions({ ...NEUTRAL, latencyMs: 1 })
  server.dial().socket.write(GET)
  await until('the server has the second connection', () => sockets.length === 2)
  expect(sockets.map(server.wire.isOutdated)).toEqual([true, false])
})

test('the method refuse makes the wire reset new connections for the given time', async () => {
  await using server = await wired({})
  server.wire.refuse(50)
  const early = server.dial()
  await until('the early connection is closed', () => early.socket.closed)
  expect(early.socket.errored).toMatchObject({ code: 'ECONNRESET' })
  await until('the server accepts connections again', async () => {
    const client = server.dial()
    client.socket.write(GET)
    await until('the connection has bytes or is closed', () => client.socket.closed || client.text() !== '')
    return client.text() !== ''
  })
})

describe.each([
  ['neutral', {}],
  ['5 ms each way', { latencyMs: 5, jitterMs: 2 }],
])('%s', (_what, conditions) => {
  test('a client whose request head arrives too slowly gets a 408', async () => {
    await using server = await wired(conditions, undefined, (bare) =>
      Object.assign(bare, { headersTimeout: 50, connectionsCheckingInterval: 20 }).on('clientError', answerRawError),
    )
    const client = server.dial()
    client.socket.write('GET / HTTP/1.1\r\nHost: a')
    await until('a response has arrived', () => client.text() !== '')
    expect(client.text()).toMatch(/^HTTP\/1.1 408/)
  })

  test('an idle connection is closed after its time limit', async () => {
    await using server = await wired(conditions, undefined, (bare) => Object.assign(bare, { keepAliveTimeout: 30 }))
    const client = server.dial()
    client.socket.write(GET)
    await until('the connection is closed', () => client.socket.readableEnded)
    expect(client.text()).toMatch(/^HTTP\/1.1 200/)
  })

  test('closing the server closes idle connections and lets a response in progress end', async () => {
    const answers: (() => void)[] = []
    await using server = await wired(conditions, (_request, response) => {
      answers.push(() => response.setHeader('connection', 'close').end('late'))
      if (answers.length === 1) response.end('at once')
    })
    const [idle, busy] = [server.dial(), server.dial()]
    idle.socket.write(GET)
    await until('the idle connection has got its response', () => idle.text().includes('at once'))
    busy.socket.write(GET)
    await until('the second request has arrived', () => answers.length === 2)
    const closed = new Promise((resolve) => server.server.close(resolve))
    await until('the idle connection is closed', () => idle.socket.readableEnded)
    idle.socket.destroy()
    expect(busy.socket.readableEnded).toBe(false)
    answers[1]?.()
    await until('the busy connection is closed', () => busy.socket.readableEnded)
    expect(busy.text()).toContain('late')
    busy.socket.destroy()
    await closed
  })

  test('a held request ends when its client disconnects', async () => {
    for (const act of ['end', 'resetAndDestroy'] as const) {
      const gone: IncomingMessage[] = []
      let held = 0
      await using server = await wired(conditions, (incoming, response) => {
        held += 1
        response.on('close', () => gone.push(incoming))
      })
      const client = server.dial()
      client.socket.write(GET)
      await until('the server holds the request', () => held === 1)
      client.socket[act]()
      await until('the server has noticed the disconnect', () => gone.length === 1)
      await until('the server has no connection', async () => (await server.connections()) === 0)
    }
  })

  test('bodies of several megabytes arrive completely in both directions', async () => {
    await using server = await wired(conditions, (incoming, response) => incoming.pipe(response))
    const sent = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => i % 251))
    const echoed = await new Promise<Buffer>((resolve, reject) => {
      const outgoing = request({ port: server.port, host: '127.0.0.1', method: 'POST' }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => resolve(Buffer.concat(chunks)))
      })
      outgoing.on('error', reject)
      outgoing.end(sent)
    })
    expect(echoed.equals(sent)).toBe(true)
  })

  test('pipelined requests are answered in order', async () => {
    await using server = await wired(conditions, ({ url }, response) => response.end(`<${url}>`))
    const client = server.dial()
    client.socket.write([1, 2, 3, 4, 5].map((n) => GET.replace('/', `/${n}`)).join(''))
    await until('the last response has arrived', () => client.text().includes('</5>'))
    expect(client.text().match(/<\/\d>/g)).toEqual(['</1>', '</2>', '</3>', '</4>', '</5>'])
  })

  test('the package ws works over the wire: messages of any size in both directions, ping, and the closing handshake', async () => {
    await using server = await wired(conditions)
    const handshakes = new WebSocketServer({ server: server.server })
    handshakes.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })))
    const client = new WebSocket(`ws://127.0.0.1:${server.port}`)
    await once(client, 'open')
    for (const length of [0, 1, 125, 126, 65_535, 65_536, 2_000_000]) {
      client.send('x'.repeat(length))
      const [data] = await once(client, 'message')
      expect(String(data).length).toBe(length)
    }
    client.ping('are you there')
    expect(String((await once(client, 'pong'))[0])).toBe('are you there')
    client.close(4000, 'enough')
    expect((await once(client, 'close'))[0]).toBe(4000)
    await until('the server has no connection', async () => (await server.connections()) === 0)
  })

  test.each([
    ['FIN', /^$/],
    ['RST', /ECONNRESET/],
  ] as const)(
    'a client whose connection is cut by %s notices the cut at once, and other connections stay open',
    async (how, seen) => {
      const sockets: Socket[] = []
      await using server = await wired(conditions, ({ socket }, response) => {
        sockets.push(socket)
        response.write('held')
      })
      const [client, other] = [server.dial(), server.dial()]
      for (const { socket } of [client, other]) {
        socket.write(GET)
        await once(socket, 'data')
      }
      server.wire.cut(how, (socket) => socket === sockets[0])
      await until('the connection is cut', () => client.socket.closed || client.socket.readableEnded)
      const error: (Error & { code?: string }) | null = client.socket.errored
      expect(error?.code ?? '').toMatch(seen)
      expect(other.socket.readableEnded || other.socket.closed).toBe(false)
    },
  )

  test.each(['the client gives up', 'the conditions change'])(
    'in a black hole, no byte arrives and neither end notices the fault until %s',
    async (end) => {
      const asked: (string | undefined)[] = []
      let say = (_text: string) => {}
      await using server = await wired(conditions, ({ url }, response) => {
        asked.push(url)
        say = (text) => response.write(text)
        response.write('held')
      })
      const client = server.dial()
      client.socket.write(GET)
      await until('the first response has arrived', () => client.text().includes('held'))
      const before = client.text()
      server.wire.cut('black hole', () => true)
      say('lost')
      client.socket.write(GET.replace('/', '/lost'))
      const witness = server.dial()
      witness.socket.write(GET)
      await until('another client has got its response', () => witness.text().includes('held'))
      expect([client.text(), asked]).toEqual([before, ['/', '/']])
      expect(client.socket.readableEnded || client.socket.closed).toBe(false)
      witness.socket.destroy()
      if (end === 'the client gives up') client.socket.end()
      else server.wire.setConditions(NEUTRAL)
      await until('the server has no connection', async () => (await server.connections()) === 0)
      expect(client.text()).toBe(before)
    },
  )
})

test('the firewall itself refuses a WebSocket with 403, and lets an exempt WebSocket pass', async () => {
  const asked: (string | undefined)[] = []
  await using server = await wired({ firewall: true, latencyMs: 5 }, ({ url }, response) => {
    asked.push(url)
    response.end('ok')
  })
  server.server.on('upgrade', ({ url }, socket) => {
    asked.push(url)
    socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n')
  })
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n'
  const ask = async (path: string, fields: string) => {
    const client = server.dial()
    client.socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`)
    await until('the connection is closed', () => client.socket.readableEnded || client.socket.closed)
    client.socket.destroy()
    return client.text().split(' ')[1]
  }
  expect([await ask('/ws', upgrade), await ask('/spared', upgrade), await ask('/plain', '')]).toEqual([
    '403',
    '101',
    '200',
  ])
  expect(asked).toEqual(['/spared', '/plain'])
  await until('the server has no connection', async () => (await server.connections()) === 0)
})

test('no condition affects an exempt WebSocket, from the first byte of its handshake on', async () => {
  const conditions = { latencyMs: 2000, lossRate: 0.5, bandwidthBytesPerSecond: 1000, slowReaderBytesPerSecond: 100 }
  await using server = await wired({ ...conditions, bufferingBytes: 1_000_000, idleCutMs: 500, firewall: true })
  server.server.on('upgrade', (_request, socket, head) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
    socket.write(head)
    socket.on('data', (bytes: Buffer) => socket.write(bytes)).on('end', () => socket.end())
  })
  const [spared, plain, idle] = [server.dial(), server.dial(), server.dial()]
  const upgrade = 'GET /spared HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  plain.socket.write(GET.replace('/', '/spared'))
  spared.socket.write(upgrade.slice(0, 30))
  await new Promise((resolve) => setImmediate(resolve))
  const beganMs = performance.now()
  spared.socket.write(`${upgrade.slice(30)}hello`)
  await until('the spared WebSocket has echoed the first bytes', () => spared.text().endsWith('\r\n\r\nhello'))
  expect(performance.now() - beganMs).toBeLessThan(1000)
  await until('the other connections are cut', () => plain.socket.readableEnded && idle.socket.readableEnded)
  expect(plain.text()).toBe('')
  spared.socket.write('x'.repeat(100_000))
  await until('the spared WebSocket has echoed all bytes', () => spared.text().length > 100_000)
  expect(performance.now() - beganMs).toBeLessThan(3000)
})

test('the idle cut closes a silent connection, and does not close a connection with traffic', async () => {
  let say = () => {}
  await using server = await wired({ idleCutMs: 500 }, (_request, response) => {
    say = () => response.write('.')
    say()
  })
  const client = server.dial()
  const beganMs = performance.now()
  client.socket.write(GET)
  await once(client.socket, 'data')
  const speaking = setInterval(() => performance.now() - beganMs < 800 && say(), 50)
  await until('the connection is cut', () => client.socket.readableEnded)
  clearInterval(speaking)
  expect(performance.now() - beganMs).toBeGreaterThan(1200)
  expect(performance.now() - beganMs).toBeLessThan(1600)
})
