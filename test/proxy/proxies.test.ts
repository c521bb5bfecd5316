/** Fourwire behind real proxies: a minimal configuration breaks some features; the configurations in server/README.md break none. */
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { WebSocket as Client } from 'ws'
import type { TransportName } from '../../server/protocol/feed.ts'
import { transports } from '../../web/transports/index.ts'
import { preflight } from '../../web/lab/preflight.ts'
import { connect, isUp } from '../conformance/client.ts'
import { beside } from '../server/lessons/beside.ts'
import { serve } from '../serve.ts'
import type { Served } from '../serve.ts'
import { spawnServer } from '../spawn.ts'
import { until } from '../until.ts'
import { configurationOf } from './configuration.ts'
import { PUBLIC, acceptAnyCertificate, isInstalled, startProxy } from './proxy.ts'
import type { Proxy } from './proxy.ts'

const NAMES = Object.keys(transports) as TransportName[]
const HELD: readonly TransportName[] = ['long-poll', 'sse', 'ws', 'stream']

acceptAnyCertificate()

/** Publishes a text like a page of this origin. */
async function publishFromPage(origin: string, text: string): Promise<Response> {
  return fetch(`${origin}/feed/lobby`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ user: 'Ada', text }),
  })
}

const setRate = (origin: string) =>
  fetch(`${origin}/lab/settings`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{"ratePerSecond":2}',
  })

/** Opens a WebSocket. Resolves with the status of the handshake's response. */
async function handshake(origin: string, more: { origin?: string } = { origin }): Promise<number> {
  const socket = new Client(`${origin.replace('http', 'ws')}/feed/lobby/ws`, more)
  socket.on('error', () => {})
  const status = await Promise.race([
    once(socket, 'open').then(() => 101),
    once(socket, 'unexpected-response').then(([, response]) => Number(response.statusCode)),
  ])
  socket.terminate()
  return status
}

async function clientsAt(server: Served): Promise<number> {
  const text = await (await fetch(`${server.origin}/metrics`)).text()
  return Array.from(text.matchAll(/^fourwire_clients\{.*\} (\d+)$/gm), ([, count]) => Number(count)).reduce(
    (a, b) => a + b,
    0,
  )
}

describe.each(['caddy', 'haproxy', 'nginx'] as const)("%s with the README's configuration", (name) => {
  const missing = !isInstalled(name)
  const why = `(skipped if ${name} is not installed)`

  test.skipIf(missing)(
    `delivers over TLS by all transports, and the server notices when a client leaves ${why}`,
    async () => {
      await using server = await serve({ allowHosts: [PUBLIC] })
      await using proxy = await startProxy(name, configurationOf(name, server.port))
      const origin = `https://${PUBLIC}:${proxy.port}`
      const clients = NAMES.map((transport) => connect(transport, origin))
      await until('all clients are connected', () => clients.every(isUp))
      await until(
        'the server counts the held poll and the streams',
        async () => (await clientsAt(server)) === HELD.length,
      )
      expect((await publishFromPage(origin, '1')).status).toBe(201)
      await until('every client has the first event', () => clients.every(({ events }) => events.length === 1))
      await Promise.all(clients.map((client, i) => client.publish(`by ${i}`)))
      await until('every client has all events', () =>
        clients.every(({ events }) => events.length === 1 + NAMES.length),
      )
      const [first, ...others] = clients.map((client) => client.texts())
      for (const texts of others) expect(texts).toEqual(first)
      expect(clients.flatMap(({ gaps }) => gaps)).toEqual([])

      for (const client of clients) client.stop()
      await until('the server has no client', async () => (await clientsAt(server)) === 0)
    },
  )

  test.skipIf(missing)(`reaches the student’s server through the sandbox’s port ${why}`, async () => {
    await using student = await serve({ allowHosts: [PUBLIC] })
    const sandbox = await beside(student.port)
    await using proxy = await startProxy(name, configurationOf(name, sandbox.port))
    const clients = NAMES.map((transport) => connect(transport, `https://${PUBLIC}:${proxy.port}/mine`))
    await until('all clients are connected', () => clients.every(isUp))
    await Promise.all(clients.map((client, i) => client.publish(`by ${i}`)))
    await until('every client has all events', () => clients.every(({ events }) => events.length === NAMES.length))
    for (const client of clients) client.stop()
  })

  test.skipIf(missing)(
    `lets only pages of its own origin use the WebSocket, and no client becomes the instructor ${why}`,
    async () => {
      await using server = await serve({ allowHosts: [PUBLIC] })
      await using proxy = await startProxy(name, configurationOf(name, server.port))
      const origin = `https://${PUBLIC}:${proxy.port}`
      expect(await handshake(origin)).toBe(101)
      expect(await handshake(origin, { origin: 'https://evil.example' })).toBe(403)
      expect((await setRate(origin)).status).toBe(403)
      expect((await fetch(`${origin}/metrics`)).status).toBe(403)
      expect((await setRate(server.origin)).status).toBe(200)
    },
  )
})

describe.concurrent.each(['caddy', 'haproxy', 'nginx'] as const)(
  "%s with the README's configuration, while the server restarts",
  (name) => {
    const missing = !isInstalled(name)
    const why = `(skipped if ${name} is not installed)`

    test.skipIf(missing)(`lets even a plain EventSource reconnect ${why}`, async () => {
      await using first = await spawnServer('--data', ':memory:', '--allow-host', PUBLIC)
      await using proxy = await startProxy(name, configurationOf(name, first.port))
      const origin = `https://${PUBLIC}:${proxy.port}`
      const texts: string[] = []
      let errors = 0
      const source = new EventSource(`${origin}/feed/lobby/sse`)
      source.onmessage = ({ data }: MessageEvent<string>) => texts.push(JSON.parse(data).text)
      source.onerror = () => (errors += 1)
      try {
        await once(source as unknown as EventTarget, 'open')
        await first.end('SIGTERM')
        // The first error is the end of the stream; the second is an attempt without a server.
        await until('two attempts to connect have failed', () => errors >= 2, 20_000)
        expect(source.readyState).toBe(source.CONNECTING)
        await using second = await spawnServer(
          '--data',
          ':memory:',
          '--allow-host',
          PUBLIC,
          '--port',
          String(first.port),
        )
        await until('the EventSource is open again', () => source.readyState === source.OPEN, 20_000)
        expect((await publishFromPage(origin, 'after')).status).toBe(201)
        await until('the EventSource has received the event "after"', () => texts.includes('after'))
        source.close()
        await second.end('SIGTERM')
      } finally {
        source.close()
      }
    })
  },
)

/** Origin of a proxy without TLS. */
const plain = (proxy: Proxy): string => `http://${PUBLIC}:${proxy.port}`

describe('nginx with nothing but proxy_pass', () => {
  const missing = !isInstalled('nginx')
  const why = '(skipped if nginx is not installed)'
  const least =
    (server: number, more = '') =>
    (port: number) =>
      `server { listen ${PUBLIC}:${port}; location / { proxy_pass http://127.0.0.1:${server}; ${more} } }`

  test.skipIf(missing)(
    `makes the server refuse WebSockets (pages 403, others 426) and publishes of pages (403), and makes every client the instructor ${why}`,
    async () => {
      await using server = await serve()
      await using proxy = await startProxy('nginx', least(server.port))
      const origin = plain(proxy)
      expect(await handshake(origin, {})).toBe(426)
      expect(await handshake(origin)).toBe(403)
      const refused = await publishFromPage(origin, '1')
      expect([refused.status, (await refused.json()).code]).toEqual([403, 'wrong-origin'])
      expect((await setRate(origin)).status).toBe(200)
    },
  )

  test.skipIf(missing)(
    `lets polls and streams through, because X-Accel-Buffering stops its buffering ${why}`,
    async () => {
      await using server = await serve()
      await using proxy = await startProxy('nginx', least(server.port))
      const clients = (['short-poll', 'long-poll', 'sse', 'stream'] as const).map((name) => connect(name, plain(proxy)))
      await until('all clients are connected', () => clients.every(isUp))
      await server.publish('1')
      await until('every client has the event', () => clients.every(({ events }) => events.length === 1))
      for (const client of clients) client.stop()
    },
  )

  test.skipIf(missing)(
    `holds a stream until its end if nginx ignores X-Accel-Buffering, unless its buffering is off ${why}`,
    async () => {
      const ignores = 'proxy_ignore_headers X-Accel-Buffering;'
      await using server = await serve()
      await using proxy = await startProxy('nginx', least(server.port, ignores))
      await using fixed = await startProxy('nginx', least(server.port, `${ignores} proxy_buffering off;`))
      let begun = false
      const held = fetch(`${plain(proxy)}/feed/lobby/sse?after=0`).then((response) => {
        begun = true
        return response.text()
      })
      const flowing = connect('sse', plain(fixed))
      await until('both clients are connected to the server', async () => (await clientsAt(server)) === 2)
      await server.publish('1')
      await until('the client of the unbuffered path has the event', () => flowing.events.length === 1)
      expect(begun).toBe(false)
      flowing.stop()
      await server.close()
      expect(await held).toContain('"text":"1"')
    },
  )
})

describe.each([
  [
    'haproxy',
    (server: number, timeout: string) => (port: number) =>
      `
    defaults
      mode http
      timeout connect 5s
      timeout client ${timeout}
      timeout server ${timeout}
    frontend f
      bind ${PUBLIC}:${port}
      default_backend b
    backend b
      server s 127.0.0.1:${server}
`,
  ],
  [
    'caddy',
    (server: number, timeout: string) => (port: number) =>
      `http://${PUBLIC}:${port} {
    reverse_proxy 127.0.0.1:${server} {
      transport http {
        response_header_timeout ${timeout}
      }
    }
  }`,
  ],
] as const)('%s with the smallest configuration', (name, least) => {
  const missing = !isInstalled(name)
  const why = `(skipped if ${name} is not installed)`

  test.skipIf(missing)(
    `passes its public host name on: the server returns 421 until this name is allowed, and then all transports deliver ${why}`,
    async () => {
      await using strict = await serve()
      await using refusing = await startProxy(name, least(strict.port, '50s'))
      expect((await fetch(`${plain(refusing)}/feed/lobby/poll`)).status).toBe(421)

      await using server = await serve({ allowHosts: [PUBLIC] })
      await using proxy = await startProxy(name, least(server.port, '50s'))
      const clients = NAMES.map((transport) => connect(transport, plain(proxy)))
      await until('all clients are connected', () => clients.every(isUp))
      expect((await publishFromPage(plain(proxy), '1')).status).toBe(201)
      await until('every client has the event', () => clients.every(({ events }) => events.length === 1))
      expect((await setRate(plain(proxy))).status).toBe(403)
      for (const client of clients) client.stop()
    },
  )
})

describe.concurrent.each([
  [
    'nginx',
    (server: number) => (port: number) =>
      `server { listen ${PUBLIC}:${port}; location / {
    proxy_pass http://127.0.0.1:${server}; proxy_http_version 1.1; proxy_read_timeout 1s;
    proxy_set_header Host $http_host; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; } }`,
  ],
  [
    'haproxy',
    (server: number) => (port: number) =>
      `
    defaults
      mode http
      timeout connect 5s
      timeout client 30s
      timeout server 1s
      timeout tunnel 1s
    frontend f
      bind ${PUBLIC}:${port}
      default_backend b
    backend b
      server s 127.0.0.1:${server}
`,
  ],
] as const)('%s with a time limit of one second', (name, impatient) => {
  test.skipIf(!isInstalled(name))(
    `answers held polls with 504 and cuts streams again and again, and the clients still miss no event (skipped if ${name} is not installed)`,
    async () => {
      await using server = await serve({ allowHosts: [PUBLIC] })
      await using proxy = await startProxy(name, impatient(server.port))
      const clients = HELD.map((transport) => connect(transport, plain(proxy)))
      expect((await fetch(`${plain(proxy)}/feed/quiet/long-poll?after=0`)).status).toBe(504)
      await server.publish('1')
      const wasCut = ({ states }: (typeof clients)[number]) => states.some(({ is }) => is === 'reconnecting')
      await until('every client has been cut', () => clients.every(wasCut))
      await server.publish('2')
      await until('every client has both events', () => clients.every(({ events }) => events.length >= 2), 20_000)
      for (const client of clients) {
        expect(client.texts()).toEqual(['1', '2'])
        client.stop()
      }
    },
  )
})

describe('the preflight of a page', () => {
  const nginx = (server: number, more = '') =>
    `server_name _; location / { proxy_pass http://127.0.0.1:${server}; ${more} }`
  const ignoring = 'proxy_ignore_headers X-Accel-Buffering;'
  const upgrading =
    'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;'

  test.skipIf(!isInstalled('nginx')).concurrent.each([
    ['with its defaults, which refuse upgrades', '', ['works', 'works', 'works', 'refused'], /may not use the server/],
    [
      'that ignores X-Accel-Buffering, and speaks HTTP/1.0 to the server',
      `${ignoring} proxy_set_header Host $http_host;`,
      ['works', 'works', 'held', 'refused'],
      null,
    ],
    [
      'that waits for 1.5 s only',
      `${upgrading} proxy_set_header Host $http_host; proxy_read_timeout 1500ms;`,
      ['works', 'refused 504', 'works', 'works'],
      null,
    ],
  ])('names what nginx %s lets through (skipped if nginx is not installed)', async (_what, more, found, refuses) => {
    await using server = await serve({ allowHosts: [PUBLIC] })
    await using proxy = await startProxy(
      'nginx',
      (port) => `server { listen ${PUBLIC}:${port}; ${nginx(server.port, more)} }`,
    )
    const between = await preflight(plain(proxy), plain(proxy))
    expect(between.found.map(({ found, status }) => (status ? `${found} ${status}` : found))).toEqual(found)
    const said = between.server.is === 'fourwire' ? between.server.refuses : 'no Fourwire'
    if (refuses === null) expect(said).toBeNull()
    else expect(said).toMatch(refuses)
  })
})
