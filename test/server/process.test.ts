/** The server as a process: what is acknowledged, what a kill leaves, how it ends. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import type { Conditions, Event, PollAnswer, TransportName } from '../../server/protocol.ts'
import { transports } from '../../web/transports/index.ts'
import { connect, isUp } from '../conformance/client.ts'
import { spawnServer } from '../spawn.ts'
import { until } from '../until.ts'

const NAMES = Object.keys(transports) as TransportName[]
const MAIN = join(import.meta.dirname, '../../server/main.ts')

const folder = await mkdtemp(join(tmpdir(), 'fourwire-process-'))
afterAll(() => rm(folder, { recursive: true }))

async function publish(origin: string, text: string): Promise<Event> {
  const response = await fetch(`${origin}/feed/lobby`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'Ada', text }),
  })
  if (response.status !== 201) throw new Error(await response.text())
  return response.json()
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

test('kill -9 in the middle of publishing loses nothing that was acknowledged', async () => {
  const file = join(folder, 'killed.db')
  const server = await spawnServer('--data', file)
  const acknowledged: Event[] = []
  let texts = 0
  const publishing = Array.from({ length: 8 }, async () => {
    for (;;) acknowledged.push(await publish(server.origin, String(++texts)))
  })
  const ended = Promise.allSettled(publishing)
  await until('many are acknowledged', () => acknowledged.length > 300)
  await server.end('SIGKILL')
  await ended

  await using next = await spawnServer('--data', file)
  const kept = await all(next.origin)
  const byId = new Map(kept.map((event) => [event.id, event]))
  for (const event of acknowledged) expect(byId.get(event.id)).toEqual(event)
  expect(kept.map(({ id }) => id)).toEqual(kept.map((_, i) => `${acknowledged[0]?.id.split('.')[0]}.${i + 1}`))
  console.log(`${acknowledged.length} acknowledged, ${kept.length} kept`)
})

test.each<[string, Partial<Conditions>]>([
  ['neutral', {}],
  ['long, lossy and narrow', { latencyMs: 200, jitterMs: 50, lossRate: 0.05, bandwidthBytesPerSecond: 100_000 }],
])(
  'SIGTERM with ten clients of each kind on a wire that is %s ends within 2 s with code 0, and they all go on at the next process and miss nothing',
  async (wire, conditions) => {
    const file = join(folder, `restarted ${wire}.db`)
    const first = await spawnServer('--data', file)
    await fetch(`${first.origin}/lab/settings`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ conditions }),
    })
    const clients = NAMES.flatMap((name) => Array.from({ length: 10 }, () => connect(name, first.origin)))
    const { id } = await publish(first.origin, '1')
    await until('all have the first', () => clients.every((client) => client.events.length === 1 && isUp(client)))

    const began = performance.now()
    expect(await first.end('SIGTERM')).toBe(0)
    expect(performance.now() - began).toBeLessThan(2000)

    await using second = await spawnServer('--data', file, '--port', String(first.port))
    expect(second.port).toBe(first.port)
    await publish(second.origin, '2')
    await until('all have the second', () => clients.every((client) => client.events.length === 2))
    for (const client of clients) {
      expect(client.texts()).toEqual(['1', '2'])
      expect(client.events[0]?.id).toBe(id)
      expect(client.gaps).toEqual([])
      client.stop()
    }
  },
)

test('kill -9: whoever is here is here again at the next process, by each transport, without a word of theirs', async () => {
  const file = join(folder, 'here.db')
  const first = await spawnServer('--data', file)
  const clients = NAMES.map((name) => connect(name, first.origin, { person: { userId: name, name, client: 'tab-1' } }))
  const everybody = NAMES.map((name) => `${name} 1`)
    .toSorted()
    .join()
  const allSeeAll = () => clients.every((client) => client.here()?.toSorted().join() === everybody)
  await until('all are here', allSeeAll)
  await first.end('SIGKILL')
  const told = clients.map(({ presences }) => presences.length)
  await using _ = await spawnServer('--data', file, '--port', String(first.port))
  const areToldAnew = () => clients.every(({ presences }, i) => presences.length > (told[i] ?? 0))
  await until('all are told anew that all are here', () => areToldAnew() && allSeeAll(), 30_000)
  for (const client of clients) client.stop()
})

test('a client that never closes its WebSocket does not keep the server from ending', async () => {
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

test('--data takes a file, or a folder in which it makes feed.db; missing folders are created', async () => {
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
  ['a flag that is not there', ['--prot', '3000'], /Unknown option '--prot'[\s\S]*--help/],
  ['a port that is none', ['--port', 'http'], /--port is "http"[\s\S]*0 to 65535/],
  [
    'a host that is not this machine\u2019s',
    ['--host', '192.0.2.1', '--data', ':memory:', '--port', '0'],
    /192\.0\.2\.1 is no address of this machine/,
  ],
])('%s ends with a message that quotes it and says what to do', async (_what, flags, message) => {
  expect(await fails({}, ...flags)).toMatch(message)
})

test('a port in use and a log in use are each told as what they are', async () => {
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

test('a file from the future ends the start with its name, both versions and what to do', async () => {
  const file = join(folder, 'future.db')
  const db = new DatabaseSync(file)
  db.exec('PRAGMA user_version = 99')
  db.close()
  const before = await readFile(file)
  expect(await fails({}, '--port', '0', '--data', file)).toMatch(
    /future\.db cannot be used as the event log: it was written by a newer Fourwire \(schema 99, this one knows \d+\).*update Fourwire or name another/,
  )
  expect((await readFile(file)).equals(before)).toBe(true)
})

test('flags are environment variables as well, and a flag wins', async () => {
  expect(await fails({ FOURWIRE_PORT: 'x' })).toMatch(/"x"/)
  expect(await fails({ FOURWIRE_PORT: '1' }, '--port', 'y')).toMatch(/"y"/)
  expect(await fails({ FOURWIRE_LAN: 'perhaps' })).toMatch(/FOURWIRE_LAN is "perhaps"/)
})

/** All that the server says at its start, which ends in that its limits are off; it goes on until the end of the test. */
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

test('a token is made and printed, another one at each start, where others can come in, and nowhere else', async () => {
  expect((await said({})).text).not.toMatch(/token|instructor/)
  const [first, second] = [await said({}, '--lan'), await said({ HOST: '0.0.0.0' })]
  expect(first.text.match(/^To be the instructor on another machine, enter there in the settings: .*$/gm)).toHaveLength(
    1,
  )
  expect(second.token).toMatch(/-/)
  expect(second.token).not.toBe(first.token)
})

const CHOSEN = 'Correct Horse Battery'

/** This machine as others see it. */
const own = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address

test.skipIf(own === undefined)(
  'who comes from elsewhere needs the token, printed or chosen (skipped where this machine has no address but its loopback)',
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
      expect((await fetch(`http://127.0.0.1:${port}/lab/lanes`)).status).toBe(200)
    }
  },
)

test.each([
  ['too short', 'a - short - one'],
  ['not ASCII', 'gr\u00fc\u00dfe an alle hier'],
])('a chosen token that is %s ends with a message that says what to do, and not the token', async (_what, token) => {
  const message = await fails({}, '--instructor-token', token)
  expect(message).toMatch(/--instructor-token has \d+ characters[\s\S]*at least 12[\s\S]*leave it out/)
  expect(message).not.toMatch(token)
  expect(await fails({ FOURWIRE_INSTRUCTOR_TOKEN: token })).toBe(message)
})
