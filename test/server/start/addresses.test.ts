/** Tests of `--host`, with real servers on this machine and with described machines. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test } from 'vitest'
import { listenTrouble, ownAddresses, placeOf } from '../../../server/start/addresses.ts'
import type { Own } from '../../../server/start/addresses.ts'
import { listenersOn, othersText, ownLinkNames } from '../../../server/start/other-listeners.ts'
import { spawnServer } from '../../spawn.ts'

const MAIN = join(import.meta.dirname, '../../../server/main.ts')

const V4 = { family: 'IPv4', internal: false, netmask: '255.255.255.0' } as const
const V6 = { family: 'IPv6', internal: false, netmask: 'ffff:ffff:ffff:ffff::' } as const
const OWN: readonly Own[] = [
  { ...V4, zone: 'lo', address: '127.0.0.1', netmask: '255.0.0.0', internal: true },
  { ...V6, zone: 'lo', address: '::1', internal: true },
  { ...V4, zone: 'eth0', address: '198.51.100.7' },
  { ...V6, zone: 'eth0', address: '2001:db8::7' },
  { ...V6, zone: 'eth0', address: 'fe80::7', scopeid: 2 },
  { ...V6, zone: 'wlan0', address: 'fe80::8', scopeid: 3 },
  { ...V6, zone: 'eth0', address: 'fe80::9', scopeid: 2 },
  { ...V6, zone: 'wlan0', address: 'fe80::9', scopeid: 3 },
]

const place = (text: string) => placeOf(text, '--host', OWN)

test.each([
  ['127.0.0.1', '127.0.0.1'],
  [' 127.0.0.1 ', '127.0.0.1'],
  ['127.1', '127.0.0.1'],
  ['0', '0.0.0.0'],
  ['::1', '::1'],
  ['[::1]', '::1'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['::1%lo', '::1'],
  ['[::]', '::'],
  ['2001:DB8:0::7', '2001:db8::7'],
  ['::ffff:127.0.0.1', '127.0.0.1'],
  ['[::ffff:7f00:1]', '127.0.0.1'],
  ['::ffff:0:0', '0.0.0.0'],
  ['fe80::7', 'fe80::7%eth0'],
  ['fe80::7%eth0', 'fe80::7%eth0'],
  ['[fe80::7%25eth0]', 'fe80::7%eth0'],
  ['fe80::8%3', 'fe80::8%wlan0'],
  ['fe80::9%wlan0', 'fe80::9%wlan0'],
  ['localhost', '127.0.0.1'],
  ['LOCALHOST.', '127.0.0.1'],
])('with --host "%s", the server listens on %s', async (text, host) => {
  expect((await place(text)).host).toBe(host)
})

test.each([
  ['localhost:3000', /"localhost:3000", an address with a port.*--host localhost --port 3000/],
  ['[::1]:3000', /"\[::1\]:3000", an address with a port.*--host \[::1\] --port 3000/],
  ['http://localhost', /"http:\/\/localhost", which is not an address/],
  ['a b', /"a b", which is not an address/],
  ['[::1', /"\[::1", which is not an address/],
  ['::zz', /"::zz", which is not an address/],
  ['fe80::1', /fe80::1, which is not an address of this machine.*fe80::7%eth0/],
  ['fe80::7%wlan0', /fe80::7, which is not an address of the network interface wlan0/],
  ['fe80::9', /fe80::9, which several network interfaces have.*fe80::9%eth0, fe80::9%wlan0/],
  ['224.0.0.1', /224\.0\.0\.1, which is a multicast or broadcast address/],
  ['255.255.255.255', /multicast or broadcast/],
  ['198.51.100.255', /198\.51\.100\.255, which is a multicast or broadcast address/],
  ['ff02::1', /ff02::1, which is a multicast or broadcast address/],
  ['256.1.1.1', /"256\.1\.1\.1", a name that this machine cannot resolve.*198\.51\.100\.7/],
  ['no-such-host.invalid', /"no-such-host\.invalid", a name that this machine cannot resolve/],
])(
  'the server refuses --host "%s" with an error that quotes the value and says what to give',
  async (text, message) => {
    await expect(place(text)).rejects.toThrow(message)
  },
)

test('the error for a host names the environment variable that contained the value', async () => {
  await expect(placeOf('x86_64-conda-linux-gnu.invalid', 'HOST', OWN)).rejects.toThrow(/^HOST is "x86_64/)
})

test('a server on 0.0.0.0 can be reached by all IPv4 addresses of the machine, and a server on :: by all its addresses', async () => {
  const [ipv4, both] = [await place('0.0.0.0'), await place('::')]
  expect(ipv4.names).toEqual(expect.arrayContaining(['localhost', '127.0.0.1', '198.51.100.7']))
  expect(ipv4.names).not.toContain('[2001:db8::7]')
  expect(ipv4.names).toContain('[::ffff:198.51.100.7]')
  expect(ipv4.linkNames.slice(0, 2)).toEqual(['localhost', '198.51.100.7'])
  expect(both.names).toEqual(
    expect.arrayContaining(['localhost', '[::1]', '198.51.100.7', '[2001:db8::7]', '[fe80::7]']),
  )
  expect(both.linkNames.slice(0, 3)).toEqual(['localhost', '198.51.100.7', '[2001:db8::7]'])
})

test('a link to a link-local address contains the zone of the address, and the Host that the server accepts has no zone', async () => {
  expect(await place('fe80::7')).toMatchObject({
    names: ['[fe80::7]'],
    linkNames: ['[fe80::7%25eth0]'],
  })
})

test.each([
  ['EADDRINUSE', 'Port 80 on 127.0.0.1 is in use.'],
  ['EADDRNOTAVAIL', 'A server cannot listen on 127.0.0.1 on this machine'],
  ['EAFNOSUPPORT', 'is switched off'],
  ['EACCES', 'Port 80 is reserved for the system'],
  ['EMFILE', 'The server cannot listen on 127.0.0.1, port 80: too many'],
])('if the start fails with %s, the error is a sentence for people', (code, sentence) => {
  expect(listenTrouble(Object.assign(new Error('too many'), { code }), '127.0.0.1', 80)).toContain(sentence)
})

const hasIPv6 = networkInterfaces()['lo']?.some(({ family }) => family === 'IPv6') ?? false

describe.skipIf(!hasIPv6)('on a machine with IPv6 (skipped if the loopback interface has none)', () => {
  test.each(['::', '::1', '0.0.0.0', 'localhost', ...linkLocal().slice(0, 1)])(
    'a server on %s responds at every address that it prints, and a server on :: at every address of the machine',
    async (host) => {
      const before = await placeOf(host)
      await using server = await spawnServer('--data', ':memory:', '--host', host)
      // Other tests add addresses to this machine for a short time.
      const { names } = await placeOf(host)
      const linkNames = before.linkNames.filter((name) => names.includes(withoutZone(name)))
      expect(linkNames.map((name) => `http://${name}:${server.port}`)).toContain(server.origin)
      const own = host === '::' ? before.names.filter((name) => names.includes(name)) : []
      for (const name of new Set([...linkNames, ...own])) expect(await statusAt(name, server.port), name).toBe(200)
    },
  )

  test.each([
    ['::1', '127.0.0.1', /at http:\/\/127\.0\.0\.1/],
    ['::1', '0.0.0.0', /at http:\/\/127\.0\.0\.1/],
    ['127.0.0.1', '::1', /at http:\/\/\[::1\]/],
    ['::1', 'localhost', /at http:\/\/127\.0\.0\.1/],
  ])(
    'if a program listens on %s, a server that starts on %s with the same port warns about it',
    async (other, host, origin) => {
      const port = await occupied(other)
      const [where, warning] = await firstLines(2, '--host', host, '--port', String(port))
      expect(where).toMatch(origin)
      expect(where).not.toContain('localhost')
      expect(warning).toMatch(
        new RegExp(
          `Another program listens on .*:${port}\\. http://localhost:${port} may lead to it.*--port ${port + 1}`,
        ),
      )
    },
  )
})

test('the list of listeners on a port has exactly the addresses at which a program accepts connections', async () => {
  const port = await occupied('127.0.0.1')
  expect(await listenersOn(port)).toEqual(['127.0.0.1'])
  expect(await listenersOn(0)).toEqual([])
})

test('the search for listeners finds a listener even if the event loop is blocked for longer than the time limit', async () => {
  const port = await occupied('127.0.0.1')
  const found = listenersOn(port)
  const endMs = performance.now() + 400
  while (performance.now() < endMs);
  expect(await found).toEqual(['127.0.0.1'])
})

test('the printed links do not contain addresses at which another program listens', async () => {
  const both = await place('::')
  expect(ownLinkNames(both, []).slice(0, 3)).toEqual(['localhost', '198.51.100.7', '[2001:db8::7]'])
  expect(ownLinkNames(both, ['::1', '2001:db8::7']).slice(0, 2)).toEqual(['127.0.0.1', '198.51.100.7'])
  expect(ownLinkNames(both, ['::1', '127.0.0.1']).slice(0, 1)).toEqual(['198.51.100.7'])
  expect(othersText([], 3000)).toBeNull()
})

function linkLocal(): string[] {
  return ownAddresses().flatMap(({ address, zone }) => (address.startsWith('fe80:') ? [`${address}%${zone}`] : []))
}

const withoutZone = (name: string): string => name.replace(/%25[^\]]*/, '')

/** Requests the page with Node's `http`, because `fetch` refuses a zone in an address. */
async function statusAt(name: string, port: number): Promise<number | undefined> {
  const zone = ownAddresses().find(({ address }) => name === `[${address}]` && address.startsWith('fe80:'))?.zone
  const host = name.replace(/^\[(.*)\]$/, '$1').replace('%25', '%') + (zone ? `%${zone}` : '')
  const asked = request({ host, port, path: '/health', headers: { host: `${withoutZone(name)}:${port}` } }).end()
  const [response] = await once(asked, 'response')
  response.resume()
  return response.statusCode
}

/** Returns the first lines that a server prints. The server runs until the end of the test. */
async function firstLines(count: number, ...flags: string[]): Promise<string[]> {
  const child = spawn(process.execPath, [MAIN, '--data', ':memory:', '--log', 'error', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const lines: string[] = []
  for await (const line of createInterface(child.stdout)) if (lines.push(line) === count) break
  return lines
}

/** Starts a program that accepts connections on the host until the end of the test. Returns its port. */
async function occupied(host: string): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {})).listen({ host, port: 0 })
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
