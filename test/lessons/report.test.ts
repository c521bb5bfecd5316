/** Compares reports for people and scripts letter by letter. `golden.ts` does this with whole reports of real programs. */
import { expect, test } from 'vitest'
import type { CheckResult } from '../../lessons/kit/judge.ts'
import { bytesLines, jsonOf, layoutFor, reportText } from '../../lessons/kit/report.ts'
import { PLAIN } from './program.ts'

test('a caret is under the first wrong byte, and the expected text begins in the same column', () => {
  expect(bytesLines({ bytes: 'GET /\n\nHTTP/1.1 200 OK', at: 16, wanted: '204' })).toEqual([
    '',
    '        GET /',
    '',
    '        HTTP/1.1 200 OK',
    '                 ^',
    'wanted:          204',
    '',
  ])
})

test('a line that is too long is shortened to the part around the caret', () => {
  const [, line = '', caret = '', wanted = ''] = bytesLines({
    bytes: `${'a'.repeat(200)}X${'b'.repeat(200)}`,
    at: 200,
    wanted: 'Y',
  })
  expect(line.length).toBeLessThan(100)
  expect(line[caret.indexOf('^')]).toBe('X')
  expect(wanted.indexOf('Y')).toBe(caret.indexOf('^'))
  expect(line).toMatch(/^ {8}\u2026.*\u2026$/)
})

test('each control character is shown as a symbol of one column', () => {
  expect(bytesLines({ bytes: 'data: a\r\ufeff', at: 7 })[1]).toBe('        data: a\u240d\u25a1')
})

test('the JSON contains exactly the fields that an instructor\u2019s script needs', () => {
  const result: CheckResult = {
    lesson: '03-short-polling',
    exercise: 'short-poll',
    check: 'a-gap',
    title: 'Says so',
    verdict: 'fail',
    ms: 3,
    finding: { saw: 'It did not.', hinted: 'silent', hint: ['seen', 'where', 'idea'], where: 'short-poll.ts:7' },
  }
  expect(JSON.parse(jsonOf([result]))).toEqual([
    {
      lesson: '03-short-polling',
      exercise: 'short-poll',
      check: 'a-gap',
      verdict: 'fail',
      saw: 'It did not.',
      where: 'short-poll.ts:7',
      hint: 'seen',
      ms: 3,
    },
  ])
})

test('every line fits a narrow terminal, and a compiler\u2019s message is wrapped and not cut', () => {
  const words = Array.from({ length: 30 }, (_none, i) => `word${i}`).join(' ')
  const result: CheckResult = {
    lesson: '03-short-polling',
    exercise: 'short-poll',
    check: 'types',
    title: 'Has no type errors',
    verdict: 'fail',
    ms: 3,
    finding: { saw: words, bytes: `short-poll.ts:1:1 ${words}`, hinted: 'types', hint: [words, words, words] },
  }
  const text = reportText([result], PLAIN, 3, layoutFor(80))
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  expect(text.match(/word29/g)).toHaveLength(5)
})
