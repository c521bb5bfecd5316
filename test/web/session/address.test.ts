import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { RATES, ZOOMS, addressTrouble, historyStep, readAddress, writeAddress } from '../../../web/session/address.ts'
import type { Address } from '../../../web/session/address.ts'
import { SETTINGS, TRANSPORTS, USUAL } from '../../../web/lane/order.ts'
import type { SettingName } from '../../../web/transports/transport.ts'

const USUAL_VIEW: Address = {
  room: 'lobby',
  lanes: USUAL,
  off: [],
  intervalMs: 1000,
  waitS: 25,
  ratePerSecond: null,
  zoom: 1,
  theme: null,
  open: null,
  view: null,
  isChatHidden: false,
}

const choicesOf = (name: SettingName): readonly number[] =>
  SETTINGS.find((setting) => setting.name === name)?.choices ?? []

test('an empty address shows the usual view, and the usual view has an empty address', () => {
  expect(readAddress('')).toEqual(USUAL_VIEW)
  expect(writeAddress(USUAL_VIEW)).toBe('')
})

test('a link can ask for silence', () => {
  expect(readAddress('?rate=0').ratePerSecond).toBe(0)
  expect(addressTrouble('?rate=0')).toBeNull()
})

test.each<[string, Partial<Address>, boolean]>([
  ['only one lane is on', { off: ['sse', 'ws'] }, true],
  ['a lane is taken off the page', { lanes: ['sse', 'ws'] }, true],
  ['the drawer opens', { open: { help: true } }, true],
  ['the drawer shows an exchange', { open: { exchange: 7, transport: 'sse' } }, true],
  ['the large view begins', { view: 'large' }, true],
  ['the chat is hidden', { isChatHidden: true }, true],
  ['the rate changes', { ratePerSecond: 20 }, false],
  ['the zoom changes', { zoom: 2 }, false],
  ['the theme changes', { theme: 'dark' }, false],
  ['a setting of a transport changes', { intervalMs: 250 }, false],
])('if %s, this is a step of the history: %s', (_what, change, isStep) => {
  expect(historyStep({ ...USUAL_VIEW, ...change }) !== historyStep(USUAL_VIEW)).toBe(isStep)
})

test('the next exchange, or the other side of a file, is no step of the history', () => {
  const stepTo = (open: Address['open']) => historyStep({ ...USUAL_VIEW, open })
  expect(stepTo({ exchange: 1, transport: 'sse' })).toBe(stepTo({ exchange: 2, transport: 'ws' }))
  expect(stepTo({ code: 'sse', side: 'server' })).toBe(stepTo({ code: 'sse', side: 'browser' }))
})

test('the address of a view restores the same view', () => {
  const side = fc.constantFrom('server' as const, 'browser' as const)
  const open = fc.oneof(
    fc.constant(null),
    fc.constant({ help: true as const }),
    fc.constant({ network: true as const }),
    fc.constant({ people: true as const }),
    fc.record({ code: fc.constantFrom(...TRANSPORTS), side }),
  )
  const address = fc.record({
    room: fc.stringMatching(/^[a-z0-9-]{1,32}$/),
    lanes: fc.subarray([...TRANSPORTS], { minLength: 1 }),
    off: fc.subarray([...TRANSPORTS]),
    intervalMs: fc.constantFrom(...choicesOf('intervalMs')),
    waitS: fc.constantFrom(...choicesOf('waitS')),
    ratePerSecond: fc.constantFrom(null, ...RATES.filter((rate) => rate !== 1)),
    zoom: fc.constantFrom(...ZOOMS),
    theme: fc.constantFrom(null, 'light' as const, 'dark' as const),
    open,
    view: fc.constantFrom(null, 'table' as const, 'large' as const),
    isChatHidden: fc.boolean(),
  })
  fc.assert(
    fc.property(address, ({ off, ...rest }) => {
      const view = { ...rest, off: off.filter((name) => rest.lanes.includes(name)) }
      expect(readAddress(writeAddress(view))).toEqual(view)
      expect(addressTrouble(writeAddress(view))).toBeNull()
    }),
  )
})

test('the address of the page does not contain the open exchange', () => {
  expect(writeAddress({ ...USUAL_VIEW, open: { exchange: 7, transport: 'sse' } })).toBe('')
})

test('the page ignores invalid values in its address', () => {
  const bad = '?room=../x&lanes=carrier-pigeon&poll=-1&wait=1e9&rate=NaN&zoom=3&theme=pink&open=ftp:server&view=x'
  expect(readAddress(bad)).toEqual(USUAL_VIEW)
  fc.assert(
    fc.property(fc.string(), (query) => {
      expect(Object.keys(readAddress(query))).toEqual(Object.keys(USUAL_VIEW))
    }),
  )
})

test.each([
  ['?poll=99', 'a value', 'poll “99” (give 0.1, 0.25, 0.5, 1, 2 or 5)'],
  ['?room=My%20Room!', 'a value', 'room “My Room!” (give 1 to 32 of a to z, 0 to 9 and -)'],
  ['?rate=3&theme=pink', 'values', 'theme “pink” (give light or dark)'],
  ['?view=huge', 'a value', 'view “huge” (give table or large)'],
  [
    '?open=ftp:server',
    'a value',
    'open “ftp:server” (give help, settings, network, class, or a lane such as sse:server)',
  ],
  ['?zoom=', 'a value', 'zoom “”'],
])('the page says what it cannot use in %s', (query, count, part) => {
  expect(addressTrouble(query)).toContain(`The address has ${count} that this page cannot use: `)
  expect(addressTrouble(query)).toContain(part)
})

test('the page is silent about names that it does not know', () => {
  expect(addressTrouble('?utm_source=mail')).toBeNull()
})

test('the page quotes an unknown lane of the address, and lists the lanes that it knows', () => {
  expect(addressTrouble('?lanes=sse,stream')).toBeNull()
  expect(addressTrouble('?lanes=none')).toBeNull()
  const sentence = addressTrouble('?lanes=sse,carrier-pigeon') ?? ''
  expect(sentence).toContain('“carrier-pigeon”')
  for (const name of TRANSPORTS) expect(sentence).toContain(name)
  expect(readAddress('?lanes=sse,carrier-pigeon').lanes).toEqual(['sse'])
})

test('the address can contain a lane that is switched off, and can omit a lane', () => {
  expect(readAddress('?lanes=sse,stream&off=stream')).toMatchObject({ lanes: ['sse', 'stream'], off: ['stream'] })
  expect(readAddress('?lanes=sse&off=ws').off).toEqual([])
  expect(readAddress('?lanes=none')).toMatchObject({ lanes: USUAL, off: USUAL })
})
