/** One quick pass over every lesson; the whole matrix is `npm run test:lessons`. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exercisesIn, exercisesOf, lessons, namesIn } from '../../lessons/kit/course.ts'
import { failed, judged, meantOf, twoAtATime } from './program.ts'

test('every folder of a lesson is one: it has its page, its start, its solution and its check', () => {
  const folders = readdirSync(join(import.meta.dirname, '../../lessons')).filter((name) => /^\d/.test(name))
  expect(lessons().map(({ name }) => name)).toEqual(folders.toSorted())
  for (const { folder } of lessons()) {
    for (const part of ['README.md', 'start', 'solution', 'check.ts', 'mistakes', 'variants'])
      expect(existsSync(join(folder, part)), join(folder, part)).toBe(true)
  }
})

test('the page of the course lists the lessons that there are, by their questions', () => {
  const page = readFileSync(join(import.meta.dirname, '../../lessons/README.md'), 'utf8')
  const rows = page.matchAll(/^\| \[(.*?)\]\((.*?)\/README\.md\) \| (.*) \|$/gm)
  const listed = Array.from(rows, ([, name, link, title]) => ({ name, link, title }))
  expect(listed).toEqual(lessons().map(({ name, title }) => ({ name, link: name, title })))
})

describe.each(lessons())('$name', (lesson) => {
  test('has at least four mistakes, each with a check that is meant for it, and two variants', async () => {
    const mistakes = namesIn(lesson, 'mistakes')
    expect(mistakes.length).toBeGreaterThanOrEqual(4)
    expect(namesIn(lesson, 'variants').length).toBeGreaterThanOrEqual(2)
    for (const mistake of mistakes) {
      const held = await exercisesIn(lesson, join(lesson.folder, 'mistakes', mistake))
      const checks = held.flatMap((exercise) => exercise.checks)
      const { check, hint, story } = meantOf(lesson, mistake)
      expect(Object.keys(checks.find(({ name }) => name === check)?.hints ?? {}), mistake).toContain(hint)
      expect(story, mistake).not.toBe('')
    }
  })

  test('holds no file of a mistake or a variant that is the solution’s own', async () => {
    const kinds = ['mistakes', 'variants'] as const
    for (const folder of kinds.flatMap((kind) => namesIn(lesson, kind).map((name) => join(kind, name)))) {
      for (const { name } of await exercisesIn(lesson, join(lesson.folder, folder))) {
        const textIn = (part: string) => readFileSync(join(lesson.folder, part, `${name}.ts`), 'utf8')
        expect(textIn(folder) === textIn('solution'), `${folder}/${name}.ts is the solution’s`).toBe(false)
      }
    }
  })

  test('names its checks so that they can be rooms, gives three rungs to each hint, and no code in any', async () => {
    for (const { checks } of await exercisesOf(lesson)) {
      expect(new Set(checks.map(({ name }) => name)).size).toBe(checks.length)
      for (const { name, hints } of checks) {
        expect(name).toMatch(/^[a-z0-9-]{1,32}$/)
        for (const rung of Object.values(hints).flat()) expect(rung).not.toMatch(/=>|;$|\bconst \w|\bawait \w+\(/)
      }
    }
  })

  test('the solution passes, and what one starts with fails on a check', async () => {
    const [solution = [], start = []] = await twoAtATime([
      () => judged(lesson, join(lesson.folder, 'solution')),
      () => judged(lesson, join(lesson.folder, 'start')),
    ])
    expect(failed(solution)).toEqual([])
    expect(solution.length).toBeGreaterThan(3)
    expect(failed(start)[0]).toMatchObject({ verdict: 'fail' })
  })
})
