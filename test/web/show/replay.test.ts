import { expect, test } from 'vitest'
import { readSession } from '../../../web/show/replay.ts'
import { SCENES, seatOf, stateOf } from './scenes.ts'

const lane = {
  lane: 'sse',
  p50Ms: null,
  n: 3,
  bytesPerMessage: 80.5,
  lost: 0,
  doubled: 0,
  delaysMs: [1, 2, 3],
} as const
const state = stateOf({
  step: 'explain',
  votes: [1, 0, 2, 0],
  measured: [lane],
  outcome: { value: 2500, right: 2, tie: [] },
})
const seats = [
  seatOf(1, 'sse', 12.5),
  seatOf(2, 'ws', null, { preflight: [{ transport: 'ws', found: 'refused', status: 403 }] }),
]
const saved = { format: 'fourwire-show-1', scenes: SCENES.map((scene) => ({ scene, settings: null, state, seats })) }
const [first] = saved.scenes

test('a saved class is read as it was saved', () => {
  expect(readSession(JSON.stringify(saved), 'class.json')).toEqual(saved)
})

test.each<[string, unknown]>([
  ['null', null],
  ['a list', []],
  ['nothing', {}],
  ['no seats', { ...first, seats: undefined }],
  ['a text as votes', { ...first, state: { ...state, votes: '1234' } }],
  ['a billion votes', { ...first, state: { ...state, votes: [1e9] } }],
  ['infinitely many hands', { ...first, state: { ...state, hands: 'INFINITE' } }],
  ['a million delays', { ...first, state: { ...state, measured: [{ ...lane, delaysMs: Array(1e6).fill(1) }] } }],
  ['a lane with the name of a prototype', { ...first, scene: { ...SCENES[0], lanes: ['constructor'] } }],
  ['an unknown view', { ...first, scene: { ...SCENES[0], view: '__proto__' } }],
  ['lists in lists', { ...first, seats: [[[[[]]]]] }],
])('a saved class with a scene that is or has %s is refused, and the error names the scene', (_, wrong) => {
  const text = JSON.stringify({ ...saved, scenes: [first, wrong] }).replace('"INFINITE"', '[1e999]')
  expect(() => readSession(text, 'class.json')).toThrow(/^“class.json” cannot be played: its scene 2 is not one/)
})

test.each([
  '{',
  'null',
  '[]',
  '{"format":"fourwire-show-1"}',
  '{"format":"fourwire-show-1","scenes":[]}',
  '['.repeat(1e5),
])('a file that is no saved class is an error that names the file: %#', (text) => {
  expect(() => readSession(text, 'class.json')).toThrow(/^“class.json” /)
})
