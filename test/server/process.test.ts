/** Tests of the server as a process: acknowledged events, kills, and the ways it ends. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdtemp, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import type { Event, PollAnswer, TransportName } from '../../server/protocol/feed.ts'
import type { Conditions } from '../../server/protocol/lab.ts'
import { transports } from '../../web/transports/index.ts'
import { connect, isUp } from '../conformance/client.ts'
import type { FeedClient, ConnectOptions } from '../conformance/client.ts'
import { spawnServer } from '../spawn.ts'
import { until } from '../until.ts'

const NAMES = Object.keys(transports) as TransportName[]
/** On a bad wire, 50 handshakes take about 8 s, and longer while other suites run. */
const CONNECT_MS = 30_000
const MAIN = join(import.meta.dirname, '../../server/main.ts')

/** New for each test and each retry, because a retry must not read what the first attempt wrote. */
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fourwire-process-'))
  return () => rm(folder, { recursive: true })
})

/** Clients that end with the test, because a client that is left over would connect to each later server on its port. */
function connectAll(
  names: readonly TransportName[],
  origin: string,
  options?: (name: string) => ConnectOptions,
): FeedClient[] {
  const clients = names.map((name) => connect(name, origin, options?.(name)))
  onTestFinished(() => clients.forEach((client) => client.stop()))
  return clients
}

async function publish(origin: string, text: string): Promise<Event> {
  const response = await fetch(`${origin}/feed/lobby`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'Ada', text }),
  })
  if (response.status !== 201) throw new Error(await response.text())
  return response.json()
}

/** Publishes `count` messages at once. Resolves with their events in order. */
async function publishMany(origin: string, count: number): Promise<Event[]> {
  const events = await Promise.all(Array.from({ length: count }, (_, i) => publish(origin, String(i))))
  return events.toSorted((a, b) => Number(a.id.split('.')[1]) - Number(b.id.split('.')[1]))
}

async function all(origin: string): Promise<Event[]> {
  const events: Event[] = []
  for (let after = '0', more = true; more;) {
    const answer: PollAnswer = await (await fetch(`${origin}/feed/lobby/poll?after=${after}`)).json()
    events.push(...answer.events)
    after = answer.cursor
    more = answer.more
  }
  return events
}

test('kill -9 during publishing loses no acknowledged event', async () => {
  const file = join(folder, 'killed.db')
  await using server = await spawnServer('--data', file)
  const acknowledged: Event[] = []
  let texts = 0
  const publishing = Array.from({ length: 8 }, async () => {
    for (;;) acknowledged.push(await publish(server.origin, String(++texts)))
  })
  const ended = Promise.allSettled(publishing)
  await until('more than 300 events are acknowledged', () => acknowledged.length > 300)
  await server.end('SIGKILL')
  await ended

  await using next = await spawnServer('--data', file)
  const kept = await all(next.origin)
  const byId = new Map(kept.map((event) => [event.id, event]))
  for (const event of acknowledged) expect(byId.get(event.id)).toEqual(event)
  expect(kept.map(({ id }) => id)).toEqual(kept.map((_, i) => `${acknowledged[0]?.id.split('.')[0]}.${i + 1}`))
  console.log(`${acknowledged.length} acknowledged, ${kept.length} kept`)
})

test.each<[string, (file: string) => Promise<void>]>([
  [
    'whose journal lost its last third, as in a power cut',
    async (file) => truncate(`${file}-wal`, Math.floor(((await stat(`${file}-wal`)).size * 2) / 3)),
  ],
  [
    'whose earlier copy was put back',
    async (file) => {
      for (const name of [file, `${file}-wal`]) await copyFile(`${name}.copy`, name)
    },
  ],
])('a reader gets a gap from a log %s, but no gap from a log whose server was only killed', async (what, harm) => {
  const file = join(folder, `${what}.db`)
  await using first = await spawnServer('--data', file, '--limits', 'off')
  const before = await publishMany(first.origin, 40)
  for (const name of [file, `${file}-wal`]) await copyFile(name, `${name}.copy`)
  before.push(...(await publishMany(first.origin, 20)))
  await first.end('SIGKILL')
  const poll = async (origin: string): Promise<PollAnswer> =>
    (await fetch(`${origin}/feed/lobby/poll?after=${before[49]?.id}`)).json()
  {
    await using killed = await spawnServer('--data', file, '--limits', 'off')
    expect(await poll(killed.origin)).toMatchObject({ gap: false, events: before.slice(50) })
  }
  await harm(file)
  await using second = await spawnServer('--data', file, '--limits', 'off')
  const after = await publishMany(second.origin, 40)
  const { gap, events } = await poll(second.origin)
  expect(gap).toBe(true)
  expect(events.slice(-40)).toEqual(after)
})

test.each<[string, Partial<Conditions>]>([
  ['neutral', {}],
  ['long, lossy and narrow', { latencyMs: 200, jitterMs: 50, lossRate: 0.05, bandwidthBytesPerSecond: 100_000 }],
])(
  'with ten clients of each transport on a %s wire, SIGTERM ends the server within 2 s with code 0, and the clients continue with the next process without loss',
  async (wire, conditions) => {
    const file = join(folder, `restarted ${wire}.db`)
    await using first = await spawnServer('--data', file)
    await fetch(`${first.origin}/lab/settings`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ conditions }),
    })
    const clients = connectAll(
      NAMES.flatMap((name) => Array.from({ length: 10 }, () => name)),
      first.origin,
    )
    const { id } = await publish(first.origin, '1')
    await until(
      'every client is connected and has the first event',
      () => clients.every((client) => client.events.length === 1 && isUp(client)),
      CONNECT_MS,
    )

    const began = performance.now()
    expect(await first.end('SIGTERM')).toBe(0)
    expect(performance.now() - began).toBeLessThan(2000)

    await using second = await spawnServer('--data', file, '--port', String(first.port))
    expect(second.port).toBe(first.port)
    await publish(second.origin, '2')
    await until(
      'every client has the second event',
      () => clients.every((client) => client.events.length === 2),
      CONNECT_MS,
    )
    for (const client of clients) {
      expect(client.texts()).toEqual(['1', '2'])
      expect(client.events[0]?.id).toBe(id)
      expect(client.gaps).toEqual([])
    }
  },
)

test('after kill -9, the clients of every transport are present again at the next process, without an action of their users', async () => {
  const file = join(folder, 'here.db')
  await using first = await spawnServer('--data', file)
  const clients = connectAll(NAMES, first.origin, (name) => ({ person: { userId: name, name, client: 'tab-1' } }))
  const everybody = NAMES.map((name) => `${name} 1`)
    .toSorted()
    .join()
  const allSeeAll = () => clients.every((client) => client.here()?.toSorted().join() === everybody)
  await until('every client sees all people', allSeeAll)
  await first.end('SIGKILL')
  const told = clients.map(({ presences }) => presences.length)
  await using _ = await spawnServer('--data', file, '--port', String(first.port))
  const areToldAnew = () => clients.every(({ presences }, i) => presences.length > (told[i] ?? 0))
  await until('every client gets a new presence with all people', () => areToldAnew() && allSeeAll(), CONNECT_MS)
})

test('a client that never closes its WebSocket does not stop the server from ending', async () => {
  await using server = await spawnServer('--data', ':memory:')
  const { connect: dial } = await import('node:net')
  const socket = dial(server.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(
    'GET /feed/lobby/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  await once(socket, 'data')
  const began = performance.now()
  expect(await server.end('SIGTERM')).toBe(0)
  expect(performance.now() - began).toBeLessThan(2000)
})

test('the flag --data accepts a file, or a folder in which it puts feed.db, and creates missing folders', async () => {
  for (const [path, made] of [
    ['a/b/mine.db', 'a/b/mine.db'],
    ['c/d', 'c/d/feed.db'],
  ] as const) {
    await using server = await spawnServer('--data', join(folder, path))
    await publish(server.origin, '1')
    expect((await stat(join(folder, made))).isFile()).toBe(true)
  }
})

async function fails(env: Record<string, string>, ...flags: string[]): Promise<string> {
  const child = spawn(process.execPath, [MAIN, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  })
  let text = ''
  child.stderr.on('data', (chunk) => (text += chunk))
  const [code] = await once(child, 'close')
  expect(code).toBe(2)
  return text
}

test.each([
  ['an unknown flag', ['--prot', '3000'], /Unknown option '--prot'[\s\S]*--help/],
  ['an invalid port', ['--port', 'http'], /--port is "http"[\s\S]*0 to 65535/],
  [
    'a host that is not this machine\u2019s',
    ['--host', '192.0.2.1', '--data', ':memory:', '--port', '0'],
    /A server cannot listen on 192\.0\.2\.1 on this machine/,
  ],
])(
  'if it is given %s, the server ends its start with a message that quotes the value and gives a remedy',
  async (_what, flags, message) => {
    expect(await fails({}, ...flags)).toMatch(message)
  },
)

test('the start fails with different messages for a port in use and for an event log in use', async () => {
  const file = join(folder, 'used.db')
  await using server = await spawnServer('--data', file)
  expect(await fails({}, '--port', String(server.port), '--data', ':memory:')).toMatch(
    /Port \d+ on 127\.0\.0\.1 is in use[\s\S]*--port/,
  )
  expect(await fails({}, '--port', '0', '--data', file)).toMatch(
    /used\.db cannot be used as the event log: another Fourwire is using it/,
  )
  await writeFile(join(folder, 'no-folder'), '')
  expect(await fails({}, '--port', '0', '--data', join(folder, 'no-folder/feed.db'))).toMatch(/no-folder/)
  expect(await readdir(folder)).toContain('no-folder')
})

test("a log of a newer version ends the start with a message that has the file's name, both versions and a remedy", async () => {
  const file = join(folder, 'future.db')
  const db = new DatabaseSync(file)
  db.exec('PRAGMA user_version = 99')
  db.close()
  const before = await readFile(file)
  expect(await fails({}, '--port', '0', '--data', file)).toMatch(
    /future\.db cannot be used as the event log: it was written by a newer Fourwire \(schema 99; this Fourwire supports schemas up to \d+\).*update Fourwire or name another/,
  )
  expect((await readFile(file)).equals(before)).toBe(true)
})

test('a flag can be set by an environment variable, and the flag has priority over its variable', async () => {
  expect(await fails({ FOURWIRE_PORT: 'x' })).toMatch(/"x"/)
  expect(await fails({ FOURWIRE_PORT: '1' }, '--port', 'y')).toMatch(/"y"/)
  expect(await fails({ FOURWIRE_LAN: 'perhaps' })).toMatch(/FOURWIRE_LAN is "perhaps"/)
})

/**
 * Returns all that the server prints at its start. The line about its limits is the last. The server runs until the end
 * of the test.
 */
async function said(env: Record<string, string>, ...flags: string[]) {
  const child = spawn(process.execPath, [MAIN, '--port', '0', '--data', ':memory:', '--limits', 'off', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (line.startsWith('Limits are off')) break
  }
  const text = lines.join('\n')
  const [token] = /\b(?:[0-9a-z]{4}-){6}[0-9a-z]{4}$/m.exec(text) ?? []
  return { text, token, port: Number(/http:\S+:(\d+)/.exec(text)?.[1]) }
}

test('a server that other machines can reach prints a new token at each start, and any other server prints none', async () => {
  expect((await said({})).text).not.toMatch(/token|instructor/)
  const [first, second] = [await said({}, '--lan'), await said({ HOST: '0.0.0.0' })]
  expect(first.text.match(/^The instructor opens this link: http:\S+\/#token=\S+$/gm)).toHaveLength(1)
  // The output is not a terminal, so it contains no code.
  expect(first.text).toMatch(/^The class joins at http:\S+\/join$/m)
  expect(first.text).not.toContain('▀')
  expect((await said({}, '--lan', '--qr', 'on')).text).toContain('▀')
  expect(second.token).toMatch(/-/)
  expect(second.token).not.toBe(first.token)
})

const CHOSEN = 'Correct Horse Battery'

/** Address by which other machines see this one. */
const own = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address

test.skipIf(own === undefined)(
  'a shared server requires the printed or chosen token, even from this machine (skipped if this machine has only its loopback address)',
  async () => {
    const printed = await said({}, '--lan')
    const chosen = await said({ FOURWIRE_INSTRUCTOR_TOKEN: CHOSEN }, '--lan')
    expect(chosen.text).toMatch('chosen token')
    expect(chosen.text.toLowerCase()).not.toMatch('horse')
    for (const [{ port }, token] of [
      [printed, printed.token],
      [chosen, CHOSEN],
    ] as const) {
      const ask = (headers = {}) => fetch(`http://${own}:${port}/lab/lanes`, { headers })
      expect((await ask()).status).toBe(403)
      expect((await ask({ authorization: 'Bearer 0000-0000-0000-0000-0000' })).status).toBe(403)
      expect((await ask({ authorization: `Bearer ${token}` })).status).toBe(200)
      expect((await fetch(`http://127.0.0.1:${port}/lab/lanes`)).status).toBe(403)
    }
  },
)

test.each([
  ['too short', 'a - short - one'],
  ['not ASCII', 'gr\u00fc\u00dfe an alle hier'],
])(
  'if the chosen token is %s, the server ends its start with a remedy that does not contain the token',
  async (_what, token) => {
    const message = await fails({}, '--instructor-token', token)
    expect(message).toMatch(/--instructor-token has \d+ characters[\s\S]*at least 12[\s\S]*omit the flag/)
    expect(message).not.toMatch(token)
    expect(await fails({ FOURWIRE_INSTRUCTOR_TOKEN: token })).toBe(message)
  },
)
