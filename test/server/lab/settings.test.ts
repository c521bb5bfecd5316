import { expect, test } from 'vitest'
import type { SettingsChange } from '../../../server/protocol/lab.ts'
import { NEUTRAL, RANGES } from '../../../server/wire/bend/ranges.ts'
import { PRESETS } from '../../../server/wire/bend/presets.ts'
import { serve } from '../../serve.ts'

async function ask(origin: string, method: string, path: string, body: unknown) {
  const response = await fetch(`${origin}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  return { status: response.status, json: text === '' ? null : JSON.parse(text) }
}

test('a change of settings sets the given fields, keeps the others, and returns all settings', async () => {
  await using server = await serve()
  const set = async (change: SettingsChange) => (await ask(server.origin, 'PUT', '/lab/settings', change)).json
  expect(await set({ conditions: { latencyMs: 5 } })).toEqual({
    ratePerSecond: 1,
    conditions: { ...NEUTRAL, latencyMs: 5 },
  })
  expect(await set({ ratePerSecond: 3, conditions: { firewall: true } })).toEqual({
    ratePerSecond: 3,
    conditions: { ...NEUTRAL, latencyMs: 5, firewall: true },
  })
  expect(await set({})).toEqual({ ratePerSecond: 3, conditions: { ...NEUTRAL, latencyMs: 5, firewall: true } })
})

test('the rate of the metronome applies to one room, and the conditions apply to all rooms', async () => {
  await using server = await serve()
  await ask(server.origin, 'PUT', '/lab/settings?room=here', { ratePerSecond: 7, conditions: { jitterMs: 1 } })
  const { json } = await ask(server.origin, 'PUT', '/lab/settings?room=there', {})
  expect(json).toEqual({ ratePerSecond: 1, conditions: { ...NEUTRAL, jitterMs: 1 } })
})

test.each<[unknown, RegExp, RegExp]>([
  [{ conditions: { latencyMs: 2001 } }, /conditions\.latencyMs is 2001/, /a number from 0 to 2,000/],
  [{ conditions: { latencyMs: -1 } }, /conditions\.latencyMs is -1/, /0 to 2,000/],
  [{ conditions: { latencyMs: '5' } }, /conditions\.latencyMs is "5"/, /number/],
  [{ conditions: { latencyMs: null } }, /conditions\.latencyMs is null/, /number/],
  [
    { conditions: { bandwidthBytesPerSecond: 999 } },
    /bandwidthBytesPerSecond is 999/,
    /0 to switch it off, or a number from 1,000 to/,
  ],
  [
    { conditions: { slowReaderBytesPerSecond: 99 } },
    /slowReaderBytesPerSecond is 99/,
    /0 to switch it off, or a number from 100 to 1,000,000/,
  ],
  [{ conditions: { idleCutMs: 499 } }, /idleCutMs is 499/, /500 to 600,000/],
  [{ conditions: { lossRate: 0.6 } }, /lossRate is 0\.6/, /0 to 0\.5/],
  [{ conditions: { bufferingObeysHeader: 0 } }, /conditions\.bufferingObeysHeader is 0/, /true or false/],
  [{ conditions: { firewall: 1 } }, /conditions\.firewall is 1/, /true or false/],
  [{ conditions: { latency: 5 } }, /"latency" is not one of the conditions/, /Did you mean "latencyMs"/],
  [{ conditions: { toString: 5 } }, /"toString" is not one of the conditions/, /latencyMs, jitterMs/],
  [{ conditions: [] }, /conditions is \[\]/, /JSON object/],
  [{ ratePerSecond: 21 }, /ratePerSecond is 21/, /0 to 20/],
  [{ rate: 2 }, /"rate" is not one of the settings/, /"ratePerSecond"/],
  [[], /settings is \[\]/, /JSON object/],
  [null, /settings is null/, /JSON object/],
])(
  'a change to %j gets a 400 that names the field, quotes the value and lists the allowed values',
  async (body, detail, remedy) => {
    await using server = await serve()
    const { status, json } = await ask(server.origin, 'PUT', '/lab/settings', body)
    expect(status).toBe(400)
    expect(json).toMatchObject({
      code: 'bad-settings',
      detail: expect.stringMatching(detail),
      remedy: expect.stringMatching(remedy),
    })
    expect((await ask(server.origin, 'PUT', '/lab/settings', {})).json).toEqual({
      ratePerSecond: 1,
      conditions: NEUTRAL,
    })
  },
)

test('a change of settings with one wrong field changes no setting', async () => {
  await using server = await serve()
  await ask(server.origin, 'PUT', '/lab/settings', { ratePerSecond: 2, conditions: { latencyMs: 5, lossRate: 2 } })
  expect((await ask(server.origin, 'PUT', '/lab/settings', {})).json).toEqual({ ratePerSecond: 1, conditions: NEUTRAL })
})

test.each([undefined, {}, { how: 'SYN' }, { how: 5 }, []])(
  'a cut with the body %j gets a 400 that lists the three kinds of cut',
  async (body) => {
    await using server = await serve()
    const { status, json } = await ask(server.origin, 'POST', '/lab/cut', body ?? null)
    expect(status).toBe(400)
    expect(json.remedy).toBe('Give "how" as "FIN", "RST", "black hole".')
  },
)

test.each([
  ['PUT', '/lab/settings', { ratePerSecond: 2 }],
  ['POST', '/lab/cut', { how: 'RST' }],
  ['POST', '/lab/restart', {}],
])('only the instructor can use %s %s', async (method, path, body) => {
  await using server = await serve({ isShared: true })
  const { status, json } = await ask(server.origin, method, path, body)
  expect([status, json.code]).toEqual([403, 'not-instructor'])
})

test('every network preset has a unique name and allowed values', () => {
  expect(new Set(PRESETS.map(({ name }) => name)).size).toBe(PRESETS.length)
  for (const { conditions } of PRESETS) {
    expect(Object.keys(conditions)).toEqual(Object.keys(NEUTRAL))
    for (const [name, { from, to }] of Object.entries(RANGES)) {
      const value = Number(Object.entries(conditions).find(([key]) => key === name)?.[1])
      expect(value === 0 || (value >= from && value <= to)).toBe(true)
    }
  }
})
