import { expect, test } from 'vitest'
import { QUICK, depthFrom } from './depth.ts'

const NEW_YEAR = new Date('2027-01-01T12:00:00Z')

test('without arguments, each program is judged once, and the date decides which tenth of them is judged under load', () => {
  const { depth, rest } = depthFrom([], NEW_YEAR)
  expect(depth).toEqual({ solution: 1, start: 1, variant: 1, mistake: 1, tenth: 1 })
  expect(rest).toEqual([])
})

test('ten days in a row choose ten different tenths', () => {
  const chosen = Array.from({ length: 10 }, (_, day) => depthFrom([], new Date(Date.UTC(2027, 0, 1 + day))).depth.tenth)
  expect(chosen.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('with --all every program is judged more often', () => {
  const { depth } = depthFrom(['--all'])
  for (const kind of ['solution', 'start', 'variant', 'mistake'] as const)
    expect(depth[kind]).toBeGreaterThan(QUICK[kind])
})

test('arguments that do not set the depth are left to Vitest, in their order', () => {
  const { depth, rest } = depthFrom(['matrix', '--all', '-t', '03-short-polling', '--tenth', '7', '--retry=0'])
  expect(rest).toEqual(['matrix', '-t', '03-short-polling', '--retry=0'])
  expect(depth.tenth).toBe(7)
  expect(depthFrom(['--tenth=0']).depth.tenth).toBe(0)
})

test.each([['--tenth', '10'], ['--tenth', '--all'], ['--tenth='], ['--tenth']])(
  '%s %s is refused, because it does not choose a tenth',
  (...args) => {
    expect(() => depthFrom(args)).toThrow('Give a digit, 0 to 9')
  },
)
