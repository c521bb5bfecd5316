import { expect, test } from 'vitest'
import type { ShowSaying } from '../../../server/protocol/show.ts'
import { createDrive } from '../../../web/show/drive.ts'
import { SCENES, stateOf } from './scenes.ts'

function driven({ driver = null as string | null, instructor = true } = {}) {
  const said: ShowSaying[] = []
  const told: string[] = []
  const show = {
    scenes: SCENES,
    state: stateOf({ driver }),
    client: 'me',
    isInstructor: instructor,
    say: (saying: ShowSaying) => void said.push(saying),
  }
  return { drive: createDrive(show, { changed: () => {}, told: (sentence) => told.push(sentence) }), said, told }
}

test('a key of the driver moves the show', () => {
  const { drive, said } = driven({ driver: 'me' })
  expect(drive.press({ is: 'next' })).toBe(true)
  expect(drive.press({ is: 'scene', number: 2 })).toBe(true)
  expect(drive.press({ is: 'blank' })).toBe(true)
  expect(said).toEqual([
    { say: 'go', scene: 'news', step: 'closed' },
    { say: 'go', scene: 'look', step: 'predict' },
    { say: 'stage', blank: true },
  ])
})

test('without a driver, a page moves the show at once', () => {
  const { drive, said } = driven()
  drive.press({ is: 'next' })
  expect(said).toHaveLength(1)
  expect(drive.pending).toBeNull()
})

test('if another page drives, nothing is said before the person takes over', () => {
  const { drive, said } = driven({ driver: 'another' })
  drive.press({ is: 'next' })
  expect(said).toEqual([])
  drive.takeOver()
  expect(said).toEqual([{ say: 'take' }, { say: 'go', scene: 'news', step: 'closed' }])
  expect(drive.pending).toBeNull()
})

test('a person who leaves the other page its show has said nothing', () => {
  const { drive, said } = driven({ driver: 'another' })
  drive.press({ is: 'back' })
  drive.cancel()
  drive.takeOver()
  expect(said).toEqual([])
})

test('a page without the right says what to do', () => {
  const { drive, said, told } = driven({ instructor: false })
  drive.press({ is: 'next' })
  expect(said).toEqual([])
  expect(told[0]).toContain('Only the instructor moves the show')
})

test('the keys for help and table do not move the show', () => {
  const { drive } = driven({ driver: 'me' })
  expect(drive.press({ is: 'help' })).toBe(false)
  expect(drive.press({ is: 'table' })).toBe(false)
})
