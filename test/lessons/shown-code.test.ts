/** The programs that the page of a lesson shows are parts of programs that run. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lessonOf, lessons, pageOf } from '../../lessons/kit/course.ts'
import type { Lesson } from '../../lessons/kit/course.ts'

const textIn = ({ folder }: Lesson, file: string): string =>
  readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n')

/** Text without the indentation of its lines, because a script is indented in its page. */
const flat = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .join('\n')

const blocksIn = (text: string): readonly string[] =>
  Array.from(text.matchAll(/^```(?:ts|js)\n(.*?)\n```$/gms), ([, code = '']) => code)

test('each program on the page of lesson 0 is a part of a program that `npm run look` or the lesson starts', () => {
  const lesson = lessonOf('0')
  const programs = globSync('{steps,start}/*.{ts,html}', { cwd: lesson.folder }).map((file) => textIn(lesson, file))
  const shown = blocksIn(textIn(lesson, 'README.md'))
  expect(shown.length).toBeGreaterThan(4)
  for (const code of shown)
    expect(
      programs.filter((text) => flat(text).includes(flat(code))),
      code,
    ).not.toEqual([])
})

test('the page of the chat is the same for the student and for the solution of lesson 0', () => {
  expect(textIn(lessonOf('0'), 'solution/page.html')).toBe(textIn(lessonOf('0'), 'start/page.html'))
})

const WITH_PAGE = lessons().filter((lesson) => pageOf(lesson) !== undefined)

test.each(WITH_PAGE.map((lesson) => [lesson.name, lesson] as const))(
  'the section The page of %s links to the page, names its file, and shows code that the page contains',
  (name, lesson) => {
    const [, section = ''] = /^### The page$(.*?)^##/ms.exec(textIn(lesson, 'README.md')) ?? []
    expect(section).toContain(`<http://localhost:${4100 + lesson.number}/page>`)
    expect(section).toContain(`lessons/${name}/page.html`)
    const page = flat(textIn(lesson, 'page.html'))
    const shown = blocksIn(section)
    expect(shown).not.toEqual([])
    for (const code of shown) expect(page).toContain(flat(code))
  },
)
