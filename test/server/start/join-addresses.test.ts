import { stripVTControlCharacters } from 'node:util'
import jsqr from 'jsqr'
import { describe, expect, test } from 'vitest'
import type { Own } from '../../../server/start/addresses.ts'
import { invitation } from '../../../server/start/invitation.ts'
import { joinAddresses, outgoingAddress } from '../../../server/start/join-addresses.ts'
import type { WaysToJoin } from '../../../server/start/join-addresses.ts'

const V4 = { family: 'IPv4', internal: false, netmask: '255.255.255.0' } as const
const OWN: readonly Own[] = [
  { ...V4, zone: 'docker0', address: '172.17.0.1' },
  { ...V4, zone: 'tailscale0', address: '100.100.1.2' },
  { ...V4, zone: 'eth1', address: '169.254.3.4' },
  { ...V4, zone: 'eth0', address: '198.51.100.7' },
  { ...V4, zone: 'wlan0', address: '192.168.1.20' },
  { ...V4, zone: 'wlan1', address: '10.0.0.5' },
]
const ADDRESSES = [...OWN.map(({ address }) => address), 'laptop']

function join(ways: Partial<WaysToJoin> = {}): readonly string[] {
  const origins = ['localhost', ...ADDRESSES].map((name) => `http://${name}:3000`)
  return joinAddresses({ origins, forwarded: [], allowHosts: [], port: 3000, own: OWN, outgoing: '10.0.0.5', ...ways })
}

const hosts = (addresses: readonly string[]): string[] => addresses.map((address) => new URL(address).hostname)

test('the address of the default route comes first, then private and public addresses, and those of containers and VPNs last', () => {
  expect(hosts(join())).toEqual([
    '10.0.0.5',
    '192.168.1.20',
    '198.51.100.7',
    '169.254.3.4',
    '172.17.0.1',
    '100.100.1.2',
    'laptop',
  ])
  expect(join()[0]).toBe('http://10.0.0.5:3000/join')
})

test('a VPN that has the default route does not come first', () => {
  expect(hosts(join({ outgoing: '100.100.1.2' }))[0]).toBe('192.168.1.20')
})

test('the public address of a forwarding service comes first, then the allowed names', () => {
  const joined = join({ forwarded: ['https://a-3000.app.example'], allowHosts: ['fourwire.example', 'room.local'] })
  expect(joined.slice(0, 4)).toEqual([
    'https://a-3000.app.example/join',
    'https://fourwire.example/join',
    'http://room.local:3000/join',
    'http://10.0.0.5:3000/join',
  ])
})

test('a server that other machines cannot reach has only its local address', () => {
  expect(join({ origins: ['http://localhost:3000', 'http://[::1]:3000'] })).toEqual(['http://localhost:3000/join'])
})

test('the address of the default route is an IPv4 address, or null on a machine without such a route', async () => {
  expect((await outgoingAddress()) ?? '10.0.0.1').toMatch(/^\d+\.\d+\.\d+\.\d+$/)
})

describe('the invitation that the server prints', () => {
  const BEST = 'http://192.168.100.200:30000/join'
  const OTHER = 'http://10.0.0.5:30000/join'

  test('is a QR code of the best address, dark on light in every terminal, with a margin of four modules', () => {
    const lines = invitation([BEST, OTHER], undefined, { isTTY: true, columns: 80 })
    expect(lines[0]).toBe(`The class joins at ${BEST}`)
    expect(lines.at(-1)).toContain(OTHER)
    const code = lines.slice(1, -1)
    expect(code.every((line) => line.startsWith('\x1b[38;5;16;48;5;231m') && line.endsWith('\x1b[0m'))).toBe(true)
    const rows = code.flatMap((line) => modulesOf(line))
    const dark = rows.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [Math.min(x, y)] : [])))
    expect(Math.min(...dark)).toBe(4)
    expect(code.length).toBeLessThan(24)
    expect(decoded(rows)).toBe(BEST)
  })

  test.each<[string, boolean | undefined, { isTTY?: boolean; columns?: number }]>([
    ['a file', undefined, {}],
    ['a narrow terminal', undefined, { isTTY: true, columns: 36 }],
    ['a terminal with --qr off', false, { isTTY: true, columns: 80 }],
  ])('has no QR code in %s', (_where, isPrinted, terminal) => {
    expect(invitation([BEST], isPrinted, terminal)).toEqual([`The class joins at ${BEST}`])
  })

  test('has a QR code in a file with --qr on', () => {
    expect(invitation([BEST], true, {}).length).toBeGreaterThan(10)
  })
})

/** Returns the two rows of modules that a printed line shows. True is dark. */
function modulesOf(line: string): [boolean[], boolean[]] {
  const blocks = Array.from(stripVTControlCharacters(line))
  return [blocks.map((block) => '█▀'.includes(block)), blocks.map((block) => '█▄'.includes(block))]
}

/** Decodes modules with a decoder that is independent of the encoder, from a picture with four pixels a module. */
function decoded(rows: readonly (readonly boolean[])[]): string | undefined {
  const scale = 4
  const width = (rows[0]?.length ?? 0) * scale
  const pixels = rows.flatMap((row) => {
    const line = row.flatMap((isDark) => Array.from({ length: scale }, () => (isDark ? 0 : 255)))
    return Array.from({ length: scale }, () => line.flatMap((value) => [value, value, value, 255])).flat()
  })
  return jsqr.default(Uint8ClampedArray.from(pixels), width, rows.length * scale, { inversionAttempts: 'dontInvert' })
    ?.data
}
