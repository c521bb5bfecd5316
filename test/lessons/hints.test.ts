/** Compares the words of each lesson (`hints.ts`) with its checks. The types ensure that each check has words, and the words a check. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exercisesOf, lessons } from '../../lessons/kit/course.ts'
import { TROUBLE } from '../../lessons/kit/hints.ts'

/** Call that joins the checks of one group with their words. */
const CHECKS = /^( *).*checksFrom\(words.*?, \{\n([\s\S]*?)\n\1\}\)/m

/** Returns the source of each check, and the rest of the files: the functions that checks share. */
function sourcesIn(folder: string) {
  const checks = new Map<string, string>()
  let shared = ''
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts') && name !== 'hints.ts')) {
    let source = readFileSync(join(folder, file), 'utf8')
    for (let found = CHECKS.exec(source); found; found = CHECKS.exec(source)) {
      const [all, indent = '', body = ''] = found
      const begin = new RegExp(`^ {${indent.length + 2}}(?:async )?'?([a-z0-9-]+)'?(?=[(:])`, 'm')
      const [, ...parts] = body.split(begin)
      for (let i = 0; i < parts.length; i += 2) checks.set(parts[i] ?? '', parts[i + 1] ?? '')
      source = source.replace(all, '')
    }
    shared += source
  }
  return { checks, shared }
}

const namesIn = (source: string, before: string) =>
  Array.from(source.matchAll(new RegExp(`(?:${before})'([a-z0-9-]+)'`, 'g')), ([, name = '']) => name)

test.each(lessons().map((lesson) => [lesson.name, lesson] as const))(
  '%s: a check can give each of its hints, and names no hint that it does not have',
  async (_, lesson) => {
    const { checks, shared } = sourcesIn(lesson.folder)
    const all = (await exercisesOf(lesson)).flatMap((exercise) => exercise.checks)
    const inLesson = new Set(all.flatMap(({ hints }) => Object.keys(hints)))
    expect([...checks.keys()].toSorted()).toEqual(all.map(({ name }) => name).toSorted())
    for (const { name, hints } of all) {
      const source = checks.get(name) ?? ''
      const quoted = new Set([...namesIn(`${source}\n${shared}`, '(?<![!=]== )'), ...Object.keys(TROUBLE)])
      const given = [
        ...namesIn(source, 'hint(?:: | = )'),
        ...namesIn(source, '\\? |: |return ').filter((quotedName) => inLesson.has(quotedName)),
      ]
      expect([...quoted], `no check gives one of the hints of ${name}`).toEqual(
        expect.arrayContaining(Object.keys(hints)),
      )
      expect(Object.keys(hints), `${name} names a hint that is not there`).toEqual(expect.arrayContaining(given))
    }
  },
)
