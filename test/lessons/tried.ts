import { expect } from 'vitest'
import { lessonOf } from '../../lessons/kit/course.ts'
import type { Check, Exercise } from '../../lessons/kit/exercise.ts'
import type { Hosted } from '../../lessons/kit/hosted/kinds.ts'
import { judge } from '../../lessons/kit/judge.ts'
import type { Trial } from '../../lessons/kit/trial.ts'
import { folderWith } from './program.ts'

/** Runs one check on a program of this kind, and expects that it passes. */
export async function tried(hosted: Hosted, program: string, run: (trial: Trial) => Promise<void>): Promise<void> {
  const check: Check = { name: 'one', title: 'Is tried', hints: {}, run }
  const exercise: Exercise = { name: 'program', hosted, checks: [check] }
  await using folder = await folderWith('program.ts', program)
  const [result] = await judge(lessonOf('3'), exercise, folder.path, { types: false })
  expect(result).toMatchObject({ verdict: 'pass', finding: null })
}
