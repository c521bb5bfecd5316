import { expect, test } from 'vitest'
import type { RoomPresence } from '../../../server/protocol/feed.ts'
import { whoIsHere, whoTypes } from '../../../web/sandbox/presence.ts'

const room = (names: string[], typing: string[] = [], people = names.length): RoomPresence => ({
  type: 'presence',
  room: 'lobby',
  version: 'a.1',
  people,
  here: names.map((name) => ({ userId: name.toLowerCase(), name, tabs: name === 'Ada' ? 2 : 1 })),
  typing,
})

test('the list of people begins with the reader, and then names the others in order with their numbers of tabs', () => {
  expect(whoIsHere(room(['Ada', 'Grace', 'Noor']), 'grace')).toBe('you, Ada (2 tabs), Noor')
  expect(whoIsHere(room(['Ada']), 'ada')).toBe('you (2 tabs)')
})

test('the list of people states how many people it does not name', () => {
  expect(whoIsHere(room(['Noor'], [], 201), 'grace')).toBe('Noor and 200 more')
})

test('the line about typing names other people who are typing, but never the reader', () => {
  expect(whoTypes(room(['Ada', 'Grace'], ['grace']), 'grace')).toBe('')
  expect(whoTypes(room(['Ada', 'Grace'], ['ada', 'grace']), 'grace')).toBe('Ada is typing…')
  expect(whoTypes(room(['Ada', 'Noor'], ['ada', 'noor']), 'grace')).toBe('Ada and Noor are typing…')
  expect(whoTypes(room(['Ada'], ['ada', 'b', 'c']), 'grace')).toBe('3 are typing…')
  expect(whoTypes(room([], ['b']), 'grace')).toBe('somebody is typing…')
})
