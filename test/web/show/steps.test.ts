import { expect, test } from 'vitest'
import type { ShowPlace } from '../../../web/show/steps.ts'
import {
  actText,
  nextPlace,
  numberOf,
  previousPlace,
  runLeftMs,
  sceneNumbered,
  withSentence,
} from '../../../web/show/steps.ts'
import { SCENES, scene, stateOf } from './scenes.ts'

const START: ShowPlace = { scene: 'join', step: 'predict' }

const walk = (step: (scenes: typeof SCENES, place: ShowPlace) => ShowPlace | null, from: ShowPlace): string[] => {
  const visited: string[] = []
  for (let place: ShowPlace | null = from; place; place = step(SCENES, place))
    visited.push(`${place.scene} ${place.step}`)
  return visited
}

test('the show goes through every step of every scene except the spare ones', () => {
  expect(walk(nextPlace, START)).toEqual([
    'join predict',
    'news predict',
    'news closed',
    'news run',
    'news explain',
    'look predict',
    'look run',
    'look explain',
    'last predict',
    'last closed',
    'last run',
    'last explain',
  ])
})

test('the way back visits the same steps in reverse', () => {
  expect(walk(previousPlace, { scene: 'last', step: 'explain' })).toEqual(walk(nextPlace, START).toReversed())
})

test('after a spare scene comes the next usual one', () => {
  expect(nextPlace(SCENES, { scene: 'spare', step: 'explain' })).toEqual({ scene: 'last', step: 'predict' })
})

test('the scene in which the class joins has no number', () => {
  expect(SCENES.map(({ id }) => numberOf(SCENES, id))).toEqual([null, 1, 2, 3, 4])
  expect(sceneNumbered(SCENES, 1)?.id).toBe('news')
  expect(sceneNumbered(SCENES, 8)).toBeUndefined()
})

test('an act is named by its effect, and the next scene by its title', () => {
  const text = (scene: string, step: ShowPlace['step']): string => {
    const next = nextPlace(SCENES, { scene, step })
    return next ? actText(SCENES, { scene, step }, next) : 'none'
  }
  expect(text('news', 'predict')).toBe('Close the votes')
  expect(text('news', 'explain')).toBe('Next scene: The scene look')
  expect(text('last', 'explain')).toBe('none')
})

test('the time left is known only while a scene runs', () => {
  const run = scene({ runS: 30 })
  expect(runLeftMs(run, stateOf({ step: 'run', sinceMs: 1000 }), 11_000)).toBe(20_000)
  expect(runLeftMs(run, stateOf({ step: 'run', sinceMs: 1000 }), 41_000)).toBe(-10_000)
  expect(runLeftMs(run, stateOf({ step: 'explain' }), 11_000)).toBeNull()
  expect(runLeftMs(run, stateOf({ step: 'run' }), null)).toBeNull()
})

test('a page that got the scenes without their explanations takes that of the present scene from the state', () => {
  const scenes = SCENES.map((one) => ({ ...one, look: '', explain: '' }))
  const at = { scene: 'news', sentence: 'So.' }
  const texts = (all: typeof SCENES) => all.map(({ look, explain }) => `${look}|${explain}`)
  expect(texts(withSentence(scenes, { ...at, step: 'run' }))).toEqual(['|', 'So.|', '|', '|', '|'])
  expect(texts(withSentence(scenes, { ...at, step: 'explain' }))).toEqual(['|', '|So.', '|', '|', '|'])
  expect(withSentence(scenes, { scene: 'news', step: 'predict' })).toBe(scenes)
})
