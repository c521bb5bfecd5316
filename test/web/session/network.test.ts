import { expect, test } from 'vitest'
import { NEUTRAL } from '../../../server/wire/bend/ranges.ts'
import { PRESETS } from '../../../server/wire/bend/presets.ts'
import type { Conditions } from '../../../server/protocol/lab.ts'
import { PROXY, describeNetwork, isNeutral, neutral, presetOf } from '../../../web/session/network.ts'

const named = (name: string): Conditions => PRESETS.find((preset) => preset.name === name)?.conditions ?? NEUTRAL

test.each(PRESETS)('the preset $name is found by its conditions', (preset) => {
  expect(presetOf(preset.conditions, PRESETS)).toBe(preset)
})

test('a preset is also found if the conditions contain a proxy or a firewall in addition', () => {
  expect(presetOf({ ...named('4G'), firewall: true }, PRESETS)?.name).toBe('4G')
  expect(presetOf({ ...named('4G'), ...PROXY }, PRESETS)?.name).toBe('4G')
  expect(presetOf({ ...named('4G'), latencyMs: 26 }, PRESETS)).toBe(undefined)
})

test('the function neutral resets every condition', () => {
  expect(neutral({ ...named('4G'), ...PROXY, firewall: true })).toEqual(NEUTRAL)
})

test('only the preset without conditions is neutral', () => {
  expect(PRESETS.filter(({ conditions }) => isNeutral(conditions)).map(({ name }) => name)).toEqual(['LAN'])
})

test.each([
  [NEUTRAL, ''],
  [named('4G'), '4G · 25 to 40 ms each way'],
  [named('satellite'), 'satellite · 300 to 310 ms each way'],
  [named('school firewall'), 'school firewall · 5 ms each way · WebSocket refused'],
  [
    named('nginx with default buffering'),
    'nginx with default buffering · responses held until 4 KiB, except for the event stream, which asks for no buffering',
  ],
  [named('café Wi-Fi'), 'café Wi-Fi · 15 to 75 ms each way · 3 % lost'],
  [{ ...named('4G'), firewall: true }, '4G · 25 to 40 ms each way + Firewall · WebSocket refused'],
  [{ ...NEUTRAL, ...PROXY }, 'Buffering proxy · responses held until 4 KiB or 3 s'],
  [{ ...NEUTRAL, bandwidthBytesPerSecond: 20_000 }, '20 kB/s'],
  [{ ...NEUTRAL, latencyMs: 20, bandwidthBytesPerSecond: 2_500_000 }, '20 ms each way · 2,500 kB/s'],
  [{ ...NEUTRAL, idleCutMs: 500 }, 'cut after 0.5 s of silence'],
  [{ ...NEUTRAL, lossRate: 0.004 }, '0.4 % lost'],
  [{ ...NEUTRAL, bufferingBytes: 300 }, 'Buffering proxy · responses held until 300 bytes'],
  [{ ...NEUTRAL, slowReaderBytesPerSecond: 500 }, 'read at 0.5 kB/s'],
])('the network with the conditions %j is described as "%s"', (conditions, text) => {
  expect(describeNetwork(conditions, PRESETS)).toBe(text)
})
