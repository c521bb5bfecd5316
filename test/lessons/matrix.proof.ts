/**
 * Every right program passes, and every wrong one fails first on the check that must catch it. The program that students
 * begin with fails as well. The report of one mistake of each lesson equals the stored text. `depth.ts` sets how many times
 * each is judged; a tenth of the programs are judged once more on a busy machine.
 */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { lessons, proofOf, variantsOf } from '../../lessons/kit/course.ts'
import type { Lesson } from '../../lessons/kit/course.ts'
import { mistakesOf } from '../../lessons/kit/mistakes.ts'
import type { Mistake } from '../../lessons/kit/mistakes.ts'
import { expectGolden, hasGolden } from './golden.ts'
import { busyMachine, failed, judged, judgedMistake } from './program.ts'

type Kind = 'solution' | 'start' | 'variant' | 'mistake'

interface Program {
  readonly lesson: Lesson
  readonly kind: Kind
  readonly name: string
  /** Folder of the program, or the edits that turn the solution into it. */
  readonly is: string | Mistake
}

const depth = inject('depth')

const programs = lessons().flatMap((lesson): Program[] => [
  { lesson, kind: 'solution', name: 'solution', is: join(lesson.folder, 'solution') },
  { lesson, kind: 'start', name: 'start', is: join(lesson.folder, 'start') },
  ...variantsOf(lesson).map((name): Program => {
    return { lesson, kind: 'variant', name: `variant ${name}`, is: join(proofOf(lesson), 'variants', name) }
  }),
  ...mistakesOf(lesson).map((is): Program => ({ lesson, kind: 'mistake', name: `mistake ${is.name}`, is })),
])

describe.concurrent('on an idle machine', () => {
  test.each(rows(programs))('%s', async (_title, program) => {
    for (let left = depth[program.kind]; left > 0; left--) await expectVerdict(program)
  })
})

describe('on a busy machine', () => {
  let busy: Disposable
  beforeAll(() => void (busy = busyMachine()))
  afterAll(() => busy[Symbol.dispose]())

  const tenth = programs.filter((_, place) => place % 10 === depth.tenth)
  test.concurrent.each(rows(tenth))('%s', async (_title, program) => expectVerdict(program))
})

function rows(of: readonly Program[]): [title: string, program: Program][] {
  return of.map((program) => [`${program.lesson.name}: ${program.name} ${VERDICTS[program.kind]}`, program])
}

const VERDICTS = {
  solution: 'passes every time',
  start: 'fails on a check',
  variant: 'passes, although it is written differently',
  mistake: 'fails first on the check that must catch it, with the right hint',
} as const

async function expectVerdict({ lesson, kind, is }: Program): Promise<void> {
  const results = await (typeof is === 'string' ? judged(lesson, is) : judgedMistake(lesson, is))
  const failures = failed(results)
  if (kind === 'start') return expect(failures[0]).toMatchObject({ verdict: 'fail' })
  if (typeof is === 'string') return expect(failures).toEqual([])
  expect(failures[0]).toMatchObject({ check: is.check, verdict: 'fail', finding: { hinted: is.hint } })
  expect(failures[0]?.finding?.hint).toHaveLength(3)
  if (hasGolden(lesson, is)) expectGolden(lesson, is, results)
}
