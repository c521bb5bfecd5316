import { expect, test } from 'vitest'
import { lessons } from '../../lessons/kit/course.ts'
import { mutantsIn } from './mutating.ts'
import { mutantsOf } from './mutants.ts'
import { isSame, survivorsIn, survivorsOf } from './survivors.ts'

/** The changed lines of all mutants of a program of one line. */
const changed = (line: string): string[] =>
  mutantsOf(line).map(
    ({ diff }) =>
      diff
        .split('\n')
        .find((it) => it.startsWith('+'))
        ?.slice(1) ?? '',
  )

test.each([
  ['if (a < b) f()', ['if (true) f()', 'if (false) f()', 'if (!(a < b)) f()', 'if (a <= b) f()', 'if (a < b) {}']],
  ['x = a === b && c', ['x = c', 'x = (a === b)', 'x = a === b || c', 'x = a !== b && c', 'x = true', 'x = false']],
  ['x = a + b', ['x = a', 'x = b', 'x = a - b']],
  ['x = 15_000', ['x = 15001', 'x = 14999', 'x = 0', 'x = 15']],
  ["x = 'a'", ["x = ''", "x = 'ax'"]],
  ['x = `a${b}`', ['x = `${b}`', 'x = `a`']],
  ['x = /^a+/g', ['x = /^a+/', 'x = /^a+/gi', 'x = /a+/g', 'x = /^a/g']],
  ['x = { a, ...b }', ['x = { ...b }', 'x = { a }']],
  ['x = await f(a?.b ?? 1)', ['x = f(a?.b ?? 1)', 'x = await f(a?.b)', 'x = await f(1)', 'x = await f(a.b ?? 1)']],
  ['set.add(a)', ['set.delete(a)', '']],
  ['f(a, b)', ['f(b, a)', 'f(a)', '']],
  ['x = list.filter(f).at(0)', ['x = list.at(0)']],
  ['for (const a of all) a.send(b)', ['for (const a of [...all].slice(0, 1)) a.send(b)', 'for (const a of all) {}']],
  ['const f = ({ a = 1 }) => g(a)', ['const f = ({ a }) => g(a)', 'const f = ({ a = 1 }) => {}']],
])('the mutants of %s include all changes that its operators make', (program, wanted) => {
  expect(changed(program)).toEqual(expect.arrayContaining(wanted))
})

test.each([
  ['types', 'let a: 1 | 2 = b as 3'],
  ['imports', "import { a } from 'b'"],
  ['descriptions', "const x = { summary: 'What this does' }"],
])('no mutant changes %s', (_what, program) => {
  expect(changed(program)).toEqual([])
})

test('no two mutants of a program are the same', () => {
  const texts = mutantsOf('if (!a) f(1, 1)\nwhile (a && a) f(2)').map(({ text }) => text)
  expect(texts).toEqual([...new Set(texts)])
})

test('statements are swapped, removed with their line, and moved out of their function', () => {
  const source = 'function f() {\n  let n = 0\n  g()\n  h()\n}\n'
  expect(mutantsOf(source)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ line: 3, diff: '-  g()\n   h()\n+  g()' }),
      expect.objectContaining({ line: 3, diff: '-  g()', text: 'function f() {\n  let n = 0\n  h()\n}\n' }),
      expect.objectContaining({ line: 1, text: 'let n = 0\nfunction f() {\n  g()\n  h()\n}\n' }),
    ]),
  )
})

test('a list of survivors gives each change the reason before it', () => {
  const change = '```diff a.ts\n-x = 1\n+x = 2\n```'
  const survivor = { file: 'a.ts', diff: '-x = 1\n+x = 2', reason: 'One reason.' }
  expect(survivorsIn(`# Title\n\nOne\nreason.\n\n${change}\n\n${change}\n`)).toEqual([survivor, survivor])
  expect(() => survivorsIn(`# Title\n\n${change}`)).toThrow('no reason')
})

test.each(lessons().map((lesson) => [lesson.name, lesson] as const))(
  'each survivor listed for %s is still a mutant of its solution',
  async (_name, lesson) => {
    const made = await mutantsIn(lesson)
    expect(survivorsOf(lesson).filter((survivor) => !made.some((mutant) => isSame(survivor, mutant)))).toEqual([])
  },
)
