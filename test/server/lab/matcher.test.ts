import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMatcher } from '../../../server/lab/matcher.ts'
import { createSlices } from '../../../server/lab/slices.ts'
import type { Work } from '../../../server/lab/slices.ts'

function* marksOf(patterns: readonly string[], text: string): Work<string> {
  const matcher = yield* createMatcher(patterns)
  return (yield* matcher.marks(text)).join('')
}

const run = (patterns: readonly string[], text: string): Promise<string> =>
  createSlices().run(() => marksOf(patterns, text))

test.each([
  ['within other patterns', ['abcd', 'bc', 'b'], 'xabcdxbcx', '011110110'],
  ['that overlap', ['aba'], 'xababax', '0111110'],
  ['of which one ends inside a longer, unfinished one', ['abcde', 'bcd'], 'abcdx', '01110'],
  ['from an empty list', [], 'abc', '000'],
])('the matcher marks the characters of patterns %s', async (_how, patterns, text, marks) => {
  expect(await run(patterns, text)).toBe(marks)
})

test('the matcher marks the same characters as a separate search for each pattern', async () => {
  const few = fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom('a', 'b', '\u00ff') })
  await fc.assert(
    fc.asyncProperty(fc.array(few, { maxLength: 6 }), fc.array(few, { maxLength: 20 }), async (patterns, texts) => {
      const text = texts.join('')
      const marks = new Uint8Array(text.length)
      for (const pattern of patterns)
        for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + 1))
          marks.fill(1, at, at + pattern.length)
      expect(await run(patterns, text)).toBe(marks.join(''))
    }),
  )
})
