/** Checks every lesson quickly; `npm run test:lessons` judges all programs of the lessons. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exercisesIn, exercisesOf, lessons, proofOf, variantsOf } from '../../lessons/kit/course.ts'
import { exercisesWith, mistakesOf, programOf } from '../../lessons/kit/mistakes.ts'
import { typeErrorsIn } from '../../lessons/kit/type-check.ts'
import { GOLDEN, hasGolden } from './golden.ts'
import { failed, filesIn, judged } from './program.ts'

test('every folder of a lesson has a page, a start, a solution, checks and hints', () => {
  const folders = readdirSync(join(import.meta.dirname, '../../lessons')).filter((name) => /^\d/.test(name))
  expect(lessons().map(({ name }) => name)).toEqual(folders.toSorted())
  for (const { folder } of lessons()) {
    for (const part of ['README.md', 'start', 'solution', 'check.ts', 'hints.ts'])
      expect(existsSync(join(folder, part)), join(folder, part)).toBe(true)
  }
})

test('each lesson has exactly one mistake whose whole report is stored as text', () => {
  const kept = lessons().flatMap((lesson) =>
    mistakesOf(lesson).flatMap((mistake) => (hasGolden(lesson, mistake) ? [`${lesson.name}-${mistake.name}.txt`] : [])),
  )
  expect(kept.map((name) => name.slice(0, 2))).toEqual(lessons().map(({ name }) => name.slice(0, 2)))
  expect(kept).toEqual(readdirSync(GOLDEN).toSorted())
})

test('the page of the course lists all lessons by their questions', () => {
  const page = readFileSync(join(import.meta.dirname, '../../lessons/README.md'), 'utf8')
  const rows = page.matchAll(/^\| \[(.*?)\]\((.*?)\/README\.md\) \| (.*) \|$/gm)
  const listed = Array.from(rows, ([, name, link, title]) => ({ name, link, title }))
  expect(listed).toEqual(lessons().map(({ name, title }) => ({ name, link: name, title })))
})

test("the teacher's guide has notes on each lesson, and a table with its minutes and the earlier lessons that it needs", () => {
  const guide = readFileSync(join(import.meta.dirname, '../../lessons/teaching.md'), 'utf8')
  expect(Array.from(guide.matchAll(/^### (\d\d-.*)$/gm), ([, name]) => name)).toEqual(lessons().map(({ name }) => name))
  const notes = guide.split(/^### (?=\d\d-)/m).slice(1)
  for (const note of notes)
    expect(note).toMatch(/^After the lesson, students can\n\n- [^]*^Likely misconceptions:\n\n- \*[^]*^- \*/m)
  const rows = Array.from(
    guide.matchAll(/^\| (\d+) \| (\d+) \| ([\d, –]+) \|$/gm),
    ([, number, minutes, needs = '']) => {
      for (const earlier of needs.matchAll(/\d+/g)) expect(Number(earlier[0])).toBeLessThan(Number(number))
      return { number: Number(number), minutes }
    },
  )
  const minutesOf = (folder: string) =>
    /^Lesson .* (\d+) minutes$/m.exec(readFileSync(join(folder, 'README.md'), 'utf8'))?.[1]
  expect(rows).toEqual(lessons().map(({ number, folder }) => ({ number, minutes: minutesOf(folder) })))
})

test('the edits of every mistake fit the solution, and the resulting program has no type errors', async () => {
  const files = lessons().flatMap((lesson) =>
    mistakesOf(lesson).flatMap((mistake) =>
      Array.from(programOf(lesson, mistake), ([file, text]) => [join(lesson.name, mistake.name, file), text] as const),
    ),
  )
  await using folder = await filesIn(files)
  const names = files.map(([name]) => name)
  expect(names.length).toBeGreaterThan(200)
  expect(await typeErrorsIn(folder.path, names, true)).toEqual([])
}, 180_000)

describe.each(lessons())('$name', (lesson) => {
  test('has at least two variants and four mistakes, each with the check that must catch it', async () => {
    const mistakes = mistakesOf(lesson)
    expect(mistakes.length).toBeGreaterThanOrEqual(4)
    expect(variantsOf(lesson).length).toBeGreaterThanOrEqual(2)
    for (const mistake of mistakes) {
      const { check, hint, name } = mistake
      const checks = (await exercisesWith(lesson, mistake)).flatMap((exercise) => exercise.checks)
      expect(Object.keys(checks.find(({ name }) => name === check)?.hints ?? {}), name).toContain(hint)
    }
  })

  test('has no variant with a file that equals the file of the solution', async () => {
    for (const variant of variantsOf(lesson)) {
      const folder = join(proofOf(lesson), 'variants', variant)
      for (const { name } of await exercisesIn(lesson, folder)) {
        const textIn = (place: string) => readFileSync(join(place, `${name}.ts`), 'utf8')
        const isOwn = textIn(folder) === textIn(join(lesson.folder, 'solution'))
        expect(isOwn, `${variant}/${name}.ts is the solution’s`).toBe(false)
      }
    }
  })

  test('has checks whose names are valid room names, and hints that contain no code', async () => {
    for (const { checks } of await exercisesOf(lesson)) {
      expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length)
      for (const { name, hints } of checks) {
        expect(name).toMatch(/^[a-z0-9-]{1,32}$/)
        for (const rung of Object.values(hints).flat()) expect(rung).not.toMatch(/=>|;$|\bconst \w|\bawait \w+\(/)
      }
    }
  })
})

// A judged program waits most of the time, and on a busy machine it waits long.
describe.concurrent('in the lesson', { timeout: 120_000 }, () => {
  test.each(lessons().map((lesson) => [lesson.name, lesson] as const))('%s, the solution passes', async (_, lesson) => {
    const results = await judged(lesson, join(lesson.folder, 'solution'))
    expect(failed(results)).toEqual([])
    expect(results.length).toBeGreaterThan(3)
  })
})
