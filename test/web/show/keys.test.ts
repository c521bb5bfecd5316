import { expect, test } from 'vitest'
import { showKey } from '../../../web/show/keys.ts'

const press = (key: string, modifier = {}) =>
  showKey({ key, ctrlKey: false, metaKey: false, altKey: false, repeat: false, ...modifier })

test.each([
  ['next', ['PageDown', 'ArrowRight', ' ']],
  ['back', ['PageUp', 'ArrowLeft']],
  ['blank', ['b', 'B', '.']],
  ['full', ['f']],
  ['leave', ['Escape']],
  ['table', ['t']],
  ['help', ['?']],
])('%s has the keys that clickers and keyboards send', (is, keys) => {
  expect(keys.map((key) => press(key)?.is)).toEqual(keys.map(() => is))
})

test('the digits 1 to 8 name a scene', () => {
  expect(press('8')).toEqual({ is: 'scene', number: 8 })
  expect(press('9')).toBeNull()
  expect(press('0')).toBeNull()
})

test('a key with a modifier belongs to the browser', () => {
  expect(press('ArrowLeft', { altKey: true })).toBeNull()
  expect(press('b', { ctrlKey: true })).toBeNull()
})

test('a key that is held down moves the show once', () => {
  expect(press('PageDown')).toEqual({ is: 'next' })
  for (const key of ['PageDown', 'b', '8']) expect(press(key, { repeat: true })).toEqual({ is: 'held' })
  expect(press('q', { repeat: true })).toBeNull()
})
