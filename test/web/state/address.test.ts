import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { INTERVALS_MS, RATES, WAITS_S, ZOOMS, readAddress, writeAddress } from '../../../web/state/address.ts'
import type { Address } from '../../../web/state/address.ts'
import { TRANSPORTS } from '../../../web/state/order.ts'

const USUAL: Address = {
  room: 'lobby',
  lanes: TRANSPORTS,
  intervalMs: 1000,
  waitS: 25,
  ratePerSecond: null,
  zoom: 1,
  theme: null,
  open: null,
  table: false,
}

test('an empty address is the usual view, and the usual view is an empty address', () => {
  expect(readAddress('')).toEqual(USUAL)
  expect(writeAddress(USUAL)).toBe('')
})

test('every view comes back from its own address', () => {
  const side = fc.constantFrom('server' as const, 'browser' as const)
  const open = fc.oneof(
    fc.constant(null),
    fc.constant({ help: true as const }),
    fc.constant({ network: true as const }),
    fc.record({ code: fc.constantFrom(...TRANSPORTS), side }),
  )
  const address = fc.record({
    room: fc.stringMatching(/^[a-z0-9-]{1,32}$/),
    lanes: fc.subarray([...TRANSPORTS]),
    intervalMs: fc.constantFrom(...INTERVALS_MS),
    waitS: fc.constantFrom(...WAITS_S),
    ratePerSecond: fc.constantFrom(null, ...RATES.filter((rate) => rate !== 1)),
    zoom: fc.constantFrom(...ZOOMS),
    theme: fc.constantFrom(null, 'light' as const, 'dark' as const),
    open,
    table: fc.boolean(),
  })
  fc.assert(
    fc.property(address, (view) => {
      expect(readAddress(writeAddress(view))).toEqual(view)
    }),
  )
})

test('an exchange that is open stands in no address', () => {
  expect(writeAddress({ ...USUAL, open: { exchange: 7, of: 'sse' } })).toBe('')
})

test('whatever else stands in an address is as if it were not there', () => {
  const bad = '?room=../x&lanes=carrier-pigeon&poll=-1&wait=1e9&rate=NaN&zoom=3&theme=pink&open=ftp:server&view=x'
  expect(readAddress(bad)).toEqual(USUAL)
  fc.assert(
    fc.property(fc.string(), (query) => {
      expect(Object.keys(readAddress(query))).toEqual(Object.keys(USUAL))
    }),
  )
})
