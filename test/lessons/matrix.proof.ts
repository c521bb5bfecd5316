/** Every right program passes, ten times in a row; every wrong one is caught by the check meant for it. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lessons, namesIn } from '../../lessons/kit/course.ts'
import { failed, judged, meantOf, twoAtATime } from './program.ts'

const TIMES = 10

describe.each(lessons())('$name', (lesson) => {
  test('the solution passes ten times in a row', async () => {
    const runs = await twoAtATime(
      Array.from({ length: TIMES }, () => () => judged(lesson, join(lesson.folder, 'solution'))),
    )
    expect(runs.flatMap(failed)).toEqual([])
  })

  test.each(namesIn(lesson, 'variants'))('variants/%s, written differently, passes three times', async (name) => {
    const run = () => judged(lesson, join(lesson.folder, 'variants', name))
    expect((await twoAtATime([run, run, run])).flatMap(failed)).toEqual([])
  })

  test.each(namesIn(lesson, 'mistakes'))(
    'mistakes/%s fails first on the check meant for it, with its hint, each time',
    async (name) => {
      const { check, hint } = meantOf(lesson, name)
      const run = () => judged(lesson, join(lesson.folder, 'mistakes', name))
      for (const results of await twoAtATime([run, run, run])) {
        const [first] = failed(results)
        expect(first).toMatchObject({ check, verdict: 'fail', finding: { hinted: hint } })
        expect(first?.finding?.hint).toHaveLength(3)
      }
    },
  )
})
