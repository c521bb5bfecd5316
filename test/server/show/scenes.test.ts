import { expect, test } from 'vitest'
import { ownScenes, readScenes } from '../../../server/show/scenes.ts'

const GOOD = {
  id: 'mine',
  title: 'Mine',
  question: 'Which one?',
  look: 'Look.',
  explain: 'So.',
  runS: 20,
  minutes: 4,
  answers: [{ text: 'SSE', lane: 'sse' }, { text: 'None' }],
  figure: { of: 'earliest' },
  lanes: ['sse', 'ws'],
}

const read = (scenes: unknown) => readScenes(JSON.stringify(scenes, null, 2), 'mine.json')

/** Returns the error for the good scene with other fields. */
function faultOf(change: object): string {
  try {
    read([{ ...GOOD, ...change }])
    return 'no fault'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

test('the scenes of the show are valid: eight for three quarters of an hour, how to join, and three spares', () => {
  const scenes = ownScenes()
  const usual = scenes.filter(({ spare }) => !spare)
  expect(usual.map(({ id }) => id)).toEqual([
    'join',
    'news',
    'cost',
    'reversal',
    'frames',
    'firewall',
    'proxy',
    'restart',
    'room',
  ])
  expect(usual.reduce((sum, { minutes }) => sum + minutes, 0)).toBe(45)
  expect(scenes.filter(({ spare }) => spare).map(({ id }) => id)).toEqual(['cafe', 'idle', 'six'])
  for (const { notes, runS } of scenes) {
    expect(notes.length).toBeGreaterThan(1)
    expect(runS).toBeLessThanOrEqual(60)
  }
})

test('a scene may leave out what has a usual value', () => {
  expect(read([GOOD])[0]).toEqual({ ...GOOD, view: 'lanes', set: {}, acts: [], notes: [] })
})

test.each([
  [{ runS: 0 }, 'mine.json, line 8, column 13: runS of scene 1 is 0. Give a number from 1 to 3,600.'],
  [
    { id: 'My scene' },
    'line 3, column 11: id of scene 1 is "My scene". Give 1 to 32 of the characters a-z, 0-9 and "-".',
  ],
  [{ titel: 'x' }, 'scene 1 has "titel", which is not known. Did you mean "title"?'],
  [{ constructor: 1 }, 'scene 1 has "constructor", which is not known. Use one of id, title, question'],
  [{ question: ' ' }, 'question of scene 1 is " ". Give a text of 1 to 200 characters.'],
  [{ explain: undefined }, 'explain of scene 1 is missing. Give it.'],
  [{ lanes: ['sse', 'wss'] }, 'lanes of scene 1 has "wss", which is not known. Did you mean "ws"?'],
  [
    { lanes: ['sse', 'carrier'] },
    'lanes[1] of scene 1 is "carrier". Give one of "short-poll", "long-poll", "sse", "ws", "stream".',
  ],
  [{ lanes: [] }, 'lanes of scene 1 is []. Give one to four lanes.'],
  [{ lanes: ['sse', 'sse'] }, 'Give each lane only once.'],
  [{ answers: [{ text: 'a' }] }, 'Give two to four answers, or none.'],
  [
    { answers: [{ text: 'a', lane: 'long-poll' }, { text: 'b' }] },
    'answers[0].lane of scene 1 is "long-poll". Give one of the scene’s lanes.',
  ],
  [{ answers: [{ text: 'a', value: 3 }, { text: 'b' }] }, 'answers[0].value of scene 1 is 3. Give a "lane" instead'],
  [{ figure: { of: 'delay', lane: 'sse' } }, 'Give a "value", because "delay" is a number.'],
  [{ figure: { of: 'delay' } }, 'Give a "lane" too, because "delay" belongs to one.'],
  [{ figure: { of: 'fastest' } }, 'figure.of of scene 1 is "fastest". Give one of "delay", "bytes"'],
  [
    { set: { conditions: { latencyMs: 9000 } } },
    'conditions.latencyMs is 9000. Give conditions.latencyMs as a number from 0 to 2,000.',
  ],
  [
    { set: { conditions: { latency: 9 } } },
    'set.conditions of scene 1 has "latency", which is not known. Did you mean "latencyMs"?',
  ],
  [{ set: { ratePerSecond: '5' } }, 'ratePerSecond is "5". Give ratePerSecond as a number from 0 to 20.'],
  [{ acts: [{ atS: 3 }] }, 'acts[0] of scene 1 is {"atS":3}. Give an act with "cut", "restart" or "set".'],
  [
    { acts: [{ atS: 30, restart: true }] },
    'acts[0].atS of scene 1 is 30. Give at most 20, because the scene runs for 20 s.',
  ],
  [{ acts: [{ atS: 3, cut: 'fin' }] }, 'The field "how" is "fin".'],
])('the scene with %j is refused by place, field and value', (change, sentence) => {
  expect(faultOf(change)).toContain(sentence)
})

test('two scenes with one id, no scene, and what is no list are refused', () => {
  expect(() => read([GOOD, GOOD])).toThrow(
    'id of scene 2 is "mine". Give an id of its own; scene 1 has this one already.',
  )
  expect(() => read([])).toThrow('the file is []. Give a list of 1 to 100 scenes: […].')
  expect(() => read({ scenes: [] })).toThrow('mine.json, line 1, column 1: the file is {"scenes":[]}.')
})

test.each([
  ['[{"id": "a",}]', 'mine.json, line 1, column 13: there is "}]", but JSON needs a name in double quotes here.'],
  [
    '[\n  {"id" "a"}]',
    'mine.json, line 2, column 9: there is "\\"a\\"}]", but JSON needs a colon after the name here.',
  ],
  ['[{"id": "a"', 'mine.json, line 1, column 12: the file ends, but JSON needs a comma or } here.'],
  ['[{"id": "a", "id": "b"}]', 'mine.json, line 1, column 14: the name "id" is there twice. Remove one of them.'],
  ["[{'id': 1}]", 'JSON needs a name in double quotes, or } here.'],
  [
    String.raw`[{"id": "\x"}]`,
    String.raw`line 1, column 9: there is "\"\\x\"}]", but JSON needs a text without wrong escapes`,
  ],
  ['[] x', 'JSON needs one JSON value, and nothing after it here.'],
  ['', 'the file ends, but JSON needs a value'],
])('the text %j is refused by its place', (text, sentence) => {
  expect(() => readScenes(text, 'mine.json')).toThrow(sentence)
})
