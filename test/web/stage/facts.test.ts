import { expect, test } from 'vitest'
import { shownSeats } from '../../../web/stage/facts.ts'
import { seatOf } from '../show/scenes.ts'

const SEATS = [
  seatOf(1, 'ws', 3, { name: 'Ada' }),
  seatOf(2, 'ws', null, {
    name: 'Mallory',
    muted: true,
    preflight: [{ transport: 'ws', found: 'refused' }],
  }),
]

test('the stage shows no name before the instructor shows the names, and never the name of a muted seat', () => {
  const names = (isShown: boolean): string[] => shownSeats(SEATS, { names: isShown }).map(({ name }) => name)
  expect(names(false)).toEqual(['', ''])
  expect(names(true)).toEqual(['Ada', ''])
  expect(shownSeats(SEATS, { names: false })).toEqual(SEATS.map((seat) => ({ ...seat, name: '' })))
})
