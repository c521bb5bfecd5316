import { describe, expect, test } from 'vitest'
import { readFlags } from '../../../server/flags.ts'
import { networkOf } from '../../../server/access/taker.ts'
import { readProxies } from '../../../server/access/trusted-proxies.ts'

describe('--trust-proxy', () => {
  test.each([
    ['loopback', '127.0.0.1', true],
    ['loopback', '::ffff:127.0.0.1', true],
    ['loopback', '::1', true],
    ['loopback', '10.0.0.1', false],
    ['10.0.0.7', '10.0.0.7', true],
    ['10.0.0.7', '10.0.0.8', false],
    ['10.0.0.0/8, loopback', '10.9.9.9', true],
    ['10.0.0.0/8,loopback', '::1', true],
    ['fd00::/8', 'fd12::1', true],
    ['uniquelocal', '192.168.3.4', true],
    ['loopback', 'unknown', false],
  ])('with "%s", the address %s is trusted: %s', (text, address, isTrusted) => {
    expect(readProxies(text)(address, 0)).toBe(isTrusted)
  })

  test('with a number n, trusts the n proxies that are nearest to the server', () => {
    const trusts = readProxies('2')
    expect([0, 1, 2].map((hop) => trusts('192.0.2.1', hop))).toEqual([true, true, false])
  })

  test.each(['nginx', '0', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.1,', 'true', '10.0.0.0/x', '1.5'])(
    'refuses %j with an error that shows valid values',
    (text) => {
      expect(() => readFlags(['--trust-proxy', text], {})).toThrow(
        /--trust-proxy has ".*", which is not an address. Give /,
      )
    },
  )

  test('can also be given as an environment variable', () => {
    expect(readFlags([], { FOURWIRE_TRUST_PROXY: 'loopback' }).trustProxy).toBe('loopback')
    expect(readFlags([], {}).trustProxy).toBeUndefined()
  })
})

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::1', '::1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:0DB8::', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::2', '0:0:0:0::/64'],
  ['no address', 'no address'],
])('the limits count the address %s as %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})
