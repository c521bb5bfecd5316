/** The programs that the page of a lesson shows are parts of programs that run. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lessonOf } from '../../lessons/kit/course.ts'

const { folder } = lessonOf('0')

const textOf = (file: string): string => readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n')

/** Lines without their indentation, because a script is indented in its page. */
const linesOf = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .join('\n')

test('each program on the page of lesson 0 is a part of a program that `npm run look` or the lesson starts', () => {
  const programs = globSync('{steps,start}/*.{ts,html}', { cwd: folder }).map((file) => linesOf(textOf(file)))
  const shown = Array.from(textOf('README.md').matchAll(/^```(?:ts|js)\n(.*?)\n```$/gms), ([, code = '']) => code)
  expect(shown.length).toBeGreaterThan(4)
  for (const code of shown)
    expect(
      programs.filter((text) => text.includes(linesOf(code))),
      code,
    ).not.toEqual([])
})

test('the page of the chat is the same for the student and for the solution of lesson 0', () => {
  expect(textOf('solution/page.html')).toBe(textOf('start/page.html'))
})
