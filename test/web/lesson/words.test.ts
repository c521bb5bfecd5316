import { expect, test } from 'vitest'
import { wordsOf } from '../../../web/lesson/words.ts'

test('the page splits a command into words as a shell does', () => {
  expect(wordsOf(`curl -s -X PUT 'localhost:3000/lab/settings?room=a' -H "a: b" -d '{"c":1}'`)).toEqual([
    'curl',
    '-s',
    '-X',
    'PUT',
    'localhost:3000/lab/settings?room=a',
    '-H',
    'a: b',
    '-d',
    '{"c":1}',
  ])
  expect(wordsOf(`a'b c'"d"e f`)).toEqual(['ab cde', 'f'])
})

test.each(['a | b', 'a && b', 'a &', 'a; b', 'a > b', 'a $b', 'a "$b"', 'a `b`', 'a\nb', 'a \\', "a 'b", 'a $(b)'])(
  'the page does not split the command %s into words, because the command needs a shell',
  (command) => {
    expect(wordsOf(command)).toBe(null)
  },
)
