/** What is said of one wrong program of each lesson, to the letter. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exerciseLine, reportText } from '../../lessons/kit/report.ts'
import { PLAIN, judged, lessonOf } from './program.ts'

/** What differs from run to run: how long it took, and when a message was stamped. */
const settled = (text: string): string =>
  text
    .replace(/ {2}\d+ ms$/gm, '  N ms')
    .replace(/"at":\d+(?:\.\d+)?/g, '"at":TIME')
    .replace(/retry: \d+/g, 'retry: N')
    .replace(/localhost:\d+/g, 'localhost:PORT')
    .replace(/session=\w+/g, 'session=SECRET')
    .replace(/after=(?!k3\.)\w+\./g, 'after=EPOCH.')

// Made again with FOURWIRE_GOLDEN=write, and to be read before it is committed.
test.each([
  ['1', 'the-whole-round-trip'],
  ['2', 'two-hundred-and-an-error'],
  ['3', 'cursor-at-the-end'],
  ['4', 'seam'],
  ['5', 'line-feeds-only'],
  ['6', 'left-open'],
  ['7', 'no-first-id'],
  ['8', 'may-be-transformed'],
  ['9', 'four-bytes-of-mask'],
  ['10', 'error-for-all'],
  ['11', 'asks-whether-the-room-is-there'],
  ['12', 'same-host-any-port'],
  ['13', 'all-together'],
  ['14', 'a-net-around-the-loop'],
  ['15', 'leaves-with-any-tab'],
  ['16', 'pub-sub-with-one-count'],
  ['17', 'held-whatever-came'],
  ['18', 'never-taken-back'],
])('lesson %s, mistakes/%s is reported as it was, with all of its hint', async (number, mistake) => {
  const lesson = lessonOf(number)
  const results = await judged(lesson, join(lesson.folder, 'mistakes', mistake))
  const text = settled(`${reportText(results, PLAIN, 3)}\n${exerciseLine(results)}\n`)
  const golden = join(import.meta.dirname, `golden/${lesson.name}-${mistake}.txt`)
  if (process.env['FOURWIRE_GOLDEN'] === 'write') writeFileSync(golden, text)
  expect(text).toBe(readFileSync(golden, 'utf8'))
})
