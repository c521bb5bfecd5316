/** Complete report of one mistake of each lesson, as a text that is compared letter by letter. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Lesson } from '../../lessons/kit/course.ts'
import type { CheckResult } from '../../lessons/kit/judge.ts'
import type { Mistake } from '../../lessons/kit/mistakes.ts'
import { exerciseLine, reportText } from '../../lessons/kit/report.ts'
import { PLAIN } from './program.ts'

export const GOLDEN = join(import.meta.dirname, 'golden')

const fileOf = (lesson: Lesson, mistake: Mistake): string => join(GOLDEN, `${lesson.name}-${mistake.name}.txt`)

export const hasGolden = (lesson: Lesson, mistake: Mistake): boolean => existsSync(fileOf(lesson, mistake))

/** Compares the report with the stored text. `FOURWIRE_GOLDEN=write` replaces that text: read it before you commit it. */
export function expectGolden(lesson: Lesson, mistake: Mistake, results: readonly CheckResult[]): void {
  const text = settled(`${reportText(results, PLAIN, 3)}\n${exerciseLine(results)}\n`)
  if (process.env['FOURWIRE_GOLDEN'] === 'write') writeFileSync(fileOf(lesson, mistake), text)
  expect(text).toBe(readFileSync(fileOf(lesson, mistake), 'utf8'))
}

/** Replaces the parts that differ from run to run: durations, times, ports and secrets. */
const settled = (text: string): string =>
  text
    .replace(/ {2}\d+ ms$/gm, '  N ms')
    .replace(/"at":\d+(?:\.\d+)?/g, '"at":TIME')
    .replace(/retry: \d+/g, 'retry: N')
    .replace(/localhost:\d+/g, 'localhost:PORT')
    .replace(/session=\w+/g, 'session=SECRET')
    .replace(/after=(?!k3\.)\w+\./g, 'after=EPOCH.')
