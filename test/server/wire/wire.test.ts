/** Node's HTTP server and ws behind a wire: neutral, and with a link in the socket's place. */
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { answerRawError } from '../../../server/error-handler.ts'
import { limitConnections } from '../../../server/limits.ts'
import { Link } from '../../../server/wire/link.ts'
import { NEUTRAL } from '../../../server/wire/ranges.ts'
import { until } from '../../until.ts'
import { wired } from './wired.ts'

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'

test('neutral, the server has the kernel\u2019s own socket', async () => {
  const seen: unknown[] = []
  await using server = await wired({}, ({ socket }, response) => {
    seen.push(socket)
    response.end('ok')
  })
  let accepted: unknown
  server.server.prependListener('connection', (socket) => (accepted = socket))
  const client = server.dial()
  client.socket.write(GET)
  await until('it is answered', () => client.text().endsWith('ok'))
  expect(seen).toEqual([accepted])
  expect(accepted).toBeInstanceOf(Socket)
})

test('with conditions it has a link, and again the kernel\u2019s own when they are gone', async () => {
  const seen: unknown[] = []
  await using server = await wired({ latencyMs: 1 }, ({ socket }, response) => {
    seen.push(socket)
    response.end('ok')
  })
  server.dial().socket.write(GET)
  await until('one has come', () => seen.length === 1)
  server.wire.setConditions(NEUTRAL)
  server.dial().socket.write(GET)
  await until('another has come', () => seen.length === 2)
  expect(seen).toEqual([expect.any(Link), expect.any(Socket)])
})

test('an answer takes a round trip, and on a new connection two', async () => {
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

test('whom another listener hangs up on never reaches the server', async () => {
  await using server = await wired({ latencyMs: 1 }, undefined, (bare) => limitConnections(bare, 1))
  const first = server.dial()
  first.socket.write(GET)
  await once(first.socket, 'data')
  const second = server.dial()
  second.socket.write(GET)
  await until('it is closed', () => second.socket.closed || second.socket.readableEnded)
  expect(second.text()).toBe('')
})

test('connections are out of date when the conditions have changed, those after it are not', async () => {
  const sockets: Socket[] = []
  await using server = await wired({}, ({ socket }, response) => {
    sockets.push(socket)
    response.end('ok')
  })
  server.dial().socket.write(GET)
  await until('one has come', () => sockets.length === 1)
  server.wire.setConditions({ ...NEUTRAL, latencyMs: 1 })
  server.dial().socket.write(GET)
  await until('another has come', () => sockets.length === 2)
  expect(sockets.map(server.wire.isOutdated)).toEqual([true, false])
})

test('refuses by reset for as long as it was told', async () => {
  await using server = await wired({})
  server.wire.refuse(50)
  const early = server.dial()
  await until('it is closed', () => early.socket.closed)
  expect(early.socket.errored).toMatchObject({ code: 'ECONNRESET' })
  await until('it serves again', async () => {
    const client = server.dial()
    client.socket.write(GET)
    await until('something happens', () => client.socket.closed || client.text() !== '')
    return client.text() !== ''
  })
})

describe.each([
  ['neutral', {}],
  ['5 ms each way', { latencyMs: 5, jitterMs: 2 }],
])('%s', (_what, conditions) => {
  test('a head that comes too slowly is answered by 408', async () => {
    await using server = await wired(conditions, undefined, (bare) =>
      Object.assign(bare, { headersTimeout: 50, connectionsCheckingInterval: 20 }).on('clientError', answerRawError),
    )
    const client = server.dial()
    client.socket.write('GET / HTTP/1.1\r\nHost: a')
    await until('it is answered', () => client.text() !== '')
    expect(client.text()).toMatch(/^HTTP\/1.1 408/)
  })

  test('an idle connection is closed when its time is over', async () => {
    await using server = await wired(conditions, undefined, (bare) => Object.assign(bare, { keepAliveTimeout: 30 }))
    const client = server.dial()
    client.socket.write(GET)
    await until('it is closed', () => client.socket.readableEnded)
    expect(client.text()).toMatch(/^HTTP\/1.1 200/)
  })

  test('closing the server closes idle connections and lets an answer under way end', async () => {
    const answers: (() => void)[] = []
    await using server = await wired(conditions, (_request, response) => {
      answers.push(() => response.setHeader('connection', 'close').end('late'))
      if (answers.length === 1) response.end('at once')
    })
    const [idle, busy] = [server.dial(), server.dial()]
    idle.socket.write(GET)
    await until('it is answered', () => idle.text().includes('at once'))
    busy.socket.write(GET)
    await until('it is there', () => answers.length === 2)
    const closed = new Promise((resolve) => server.server.close(resolve))
    await until('the idle one is closed', () => idle.socket.readableEnded)
    idle.socket.destroy()
    expect(busy.socket.readableEnded).toBe(false)
    answers[1]?.()
    await until('it is answered', () => busy.socket.readableEnded)
    expect(busy.text()).toContain('late')
    busy.socket.destroy()
    await closed
  })

  test('a client that goes ends the request that is being held for it', async () => {
    for (const act of ['end', 'resetAndDestroy'] as const) {
      const gone: IncomingMessage[] = []
      let held = 0
      await using server = await wired(conditions, (incoming, response) => {
        held += 1
        response.on('close', () => gone.push(incoming))
      })
      const client = server.dial()
      client.socket.write(GET)
      await until('it is held', () => held === 1)
      client.socket[act]()
      await until('the server has noticed', () => gone.length === 1)
      await until('nothing is open', async () => (await server.connections()) === 0)
    }
  })

  test('bodies of megabytes arrive whole, in both directions', async () => {
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
    await until('all are answered', () => client.text().includes('</5>'))
    expect(client.text().match(/<\/\d>/g)).toEqual(['</1>', '</2>', '</3>', '</4>', '</5>'])
  })

  test('ws works on it: messages of any size both ways, ping, and the closing handshake', async () => {
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
    await until('nothing is open', async () => (await server.connections()) === 0)
  })

  test.each([
    ['FIN', /^$/],
    ['RST', /ECONNRESET/],
  ] as const)('cut by %s, the client sees it at once, and those not picked stay', async (how, seen) => {
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
    await until('it is cut', () => client.socket.closed || client.socket.readableEnded)
    const error: (Error & { code?: string }) | null = client.socket.errored
    expect(error?.code ?? '').toMatch(seen)
    expect(other.socket.readableEnded || other.socket.closed).toBe(false)
  })

  test.each(['the client gives up', 'the conditions change'])(
    'in a black hole nothing arrives and nobody is told, until %s',
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
      await until('it is held', () => client.text().includes('held'))
      const before = client.text()
      server.wire.cut('black hole', () => true)
      say('lost')
      client.socket.write(GET.replace('/', '/lost'))
      const witness = server.dial()
      witness.socket.write(GET)
      await until('another is served', () => witness.text().includes('held'))
      expect([client.text(), asked]).toEqual([before, ['/', '/']])
      expect(client.socket.readableEnded || client.socket.closed).toBe(false)
      witness.socket.destroy()
      if (end === 'the client gives up') client.socket.end()
      else server.wire.setConditions(NEUTRAL)
      await until('nothing is open', async () => (await server.connections()) === 0)
      expect(client.text()).toBe(before)
    },
  )
})

test('the firewall answers 403 itself, and lets through what is spared', async () => {
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
    await until('it is closed', () => client.socket.readableEnded || client.socket.closed)
    client.socket.destroy()
    return client.text().split(' ')[1]
  }
  expect([await ask('/ws', upgrade), await ask('/spared', upgrade), await ask('/plain', '')]).toEqual([
    '403',
    '101',
    '200',
  ])
  expect(asked).toEqual(['/spared', '/plain'])
  await until('nothing is open', async () => (await server.connections()) === 0)
})

test('a WebSocket that is spared meets no condition, from the first byte of its handshake on', async () => {
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
  await until('it is echoed', () => spared.text().endsWith('\r\n\r\nhello'))
  expect(performance.now() - beganMs).toBeLessThan(1000)
  await until('the others are cut', () => plain.socket.readableEnded && idle.socket.readableEnded)
  expect(plain.text()).toBe('')
  spared.socket.write('x'.repeat(100_000))
  await until('it is echoed as well', () => spared.text().length > 100_000)
  expect(performance.now() - beganMs).toBeLessThan(3000)
})

test('the idle cut closes a connection on which nothing was said, and none that speaks', async () => {
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
  await until('it is cut', () => client.socket.readableEnded)
  clearInterval(speaking)
  expect(performance.now() - beganMs).toBeGreaterThan(1200)
  expect(performance.now() - beganMs).toBeLessThan(1600)
})
