/** Mistakes as edits of a solution: their notation, and the errors for wrong edits. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lessonOf } from '../../lessons/kit/course.ts'
import type { Lesson } from '../../lessons/kit/course.ts'
import { exercisesWith, mistakeOf, mistakesIn, programOf, temporaryMistake } from '../../lessons/kit/mistakes.ts'
import { filesIn } from './program.ts'
import { runKit } from './run-kit.ts'

const SOLUTION = `import { answer } from './answer.ts'

export function greet(name) {
  return answer('Hello, ' + name)
}

export function leave(name) {
  return answer('Goodbye, ' + name)
}
`

/** Returns a `mistakes.md` with one mistake and this block of edits. */
const written = (block: string): string => `# Mistakes of lesson 3

## rude

Thinks that names
do not matter.
Caught by \`greets\`, hint \`no-name\`.

\`\`\`diff greet.ts
${block}
\`\`\`
`

const parsed = (block: string) => mistakesIn(written(block), 'mistakes.md')

async function broken(block: string): Promise<string | undefined> {
  await using folder = await filesIn([['solution/greet.ts', SOLUTION]])
  const lesson: Lesson = { ...lessonOf('3'), folder: folder.path }
  const [mistake] = parsed(block)
  return mistake && programOf(lesson, mistake).get('greet.ts')
}

test('a mistake is parsed into its name, its story, its check, its hint, and its edits with their line numbers', () => {
  expect(
    parsed("-  return answer('Hello, ' + name)\n+  return answer('Hey')\n@@\n \n-export function leave(name) {"),
  ).toEqual([
    {
      name: 'rude',
      story: 'Thinks that names do not matter.',
      check: 'greets',
      hint: 'no-name',
      edits: [
        {
          file: 'greet.ts',
          line: 10,
          lines: ["-  return answer('Hello, ' + name)", "+  return answer('Hey')"],
        },
        { file: 'greet.ts', line: 13, lines: [' ', '-export function leave(name) {'] },
      ],
    },
  ])
})

test('edits replace, add and delete whole lines at several places, in any order', async () => {
  const block = `@@@
-  return answer('Goodbye, ' + name)
+  return answer('Go')
@@
 export function greet(name) {
+  name = ''
@@
-import { answer } from './answer.ts'
-`
  expect(await broken(block.slice('@@@\n'.length))).toBe(`export function greet(name) {
  name = ''
  return answer('Hello, ' + name)
}

export function leave(name) {
  return answer('Go')
}
`)
})

test.each([
  [
    "-  return answer('Hello ' + name)\n+",
    /:10: mistake "rude": .*solution\/greet\.ts no longer has this line:\n {2}was: return answer\('Hello ' \+ name\)\n {2}now: return answer\('Hello, ' \+ name\) {2}\(line 4\)/,
  ],
  [
    "-export function greet(name) {\n-  return answer('Goodbye, ' + name)",
    /:10: .* has each of these lines, but not one after the other/,
  ],
  [
    ' export function greet(name) {\n+  name = 1\n@@\n }\n+// end',
    /:13: .* has these lines 2 times, at 5, 9\. Add a line before or after/,
  ],
  [
    '-export function greet(name) {\n@@\n export function greet(name) {\n+  name = 1',
    /:12: .* this edit and another one change line 3/,
  ],
])('the edit %j is refused if it does not fit: %s', async (block, message) => {
  await expect(broken(block)).rejects.toThrow(message)
})

test.each([
  ['+added', ':10: mistake "rude": this edit has no place'],
  [' same', ':10: mistake "rude": this edit changes nothing'],
  ['-old\n@@\n*new', ':12: mistake "rude": a line of an edit begins with "-", "+" or a space'],
])('the block %j is refused with the number of its line', (block, message) => {
  expect(() => parsed(block)).toThrow(message)
})

test.each([
  ['## Rude', /^m\.md:1: mistake "Rude": a name consists of/],
  ['## rude\n\nA story.', /^m\.md:1: mistake "rude": the line "Caught by `CHECK`, hint `HINT`\." is missing/],
  ['## rude\n\nCaught by `a`, hint `b`.', /^m\.md:3: mistake "rude": the story before this line is missing/],
  ['## rude\nA story.\nCaught by `a`, hint `b`.', /^m\.md:1: mistake "rude": there is no block of edits/],
  ['## rude\nA story.\nCaught by `a`, hint `b`.\n```ts\n', /^m\.md:4: .* expected a block of edits/],
  ['## rude\nA story.\nCaught by `a`, hint `b`.\n```diff a.ts\n-1', /^m\.md:4: .* has no end/],
  [`${written('-1')}${written('-1').replace(/^.*/, '')}`, /^m\.md:14: mistake "rude": this name is taken already/],
])('%j is refused with the names of the file and the mistake, and the number of the line', (text, message) => {
  expect(() => mistakesIn(text, 'm.md')).toThrow(message)
})

test('an unknown mistake is refused with the most similar name, or with the lesson that has this mistake', () => {
  const lesson = lessonOf('8')
  expect(() => mistakeOf(lesson, 'no-hartbeat')).toThrow(
    /^Lesson 8 has no mistake "no-hartbeat"\. Did you mean no-heartbeat\? Lesson 8 has: an-end-alone, /,
  )
  expect(() => mistakeOf(lesson, 'empty-list')).toThrow(/There is one in lesson 3 and lesson 4\./)
})

test('a mistake is judged by the checks of the files that it changes', async () => {
  const lesson = lessonOf('13')
  const names = (await exercisesWith(lesson, mistakeOf(lesson, 'a-polite-end'))).map(({ name }) => name)
  expect(names).toEqual(['heartbeat'])
})

test('a mistake is written to a folder as a whole program, and the folder is deleted on disposal', () => {
  const lesson = lessonOf('13')
  const mistake = mistakeOf(lesson, 'a-polite-end')
  let kept = ''
  {
    using program = temporaryMistake(lesson, mistake)
    kept = program.folder
    expect(readdirSync(kept).toSorted()).toEqual(['client.ts', 'heartbeat.ts'])
    const textIn = (folder: string, file: string) => readFileSync(join(folder, file), 'utf8')
    expect(textIn(kept, 'client.ts')).toBe(textIn(join(lesson.folder, 'solution'), 'client.ts'))
    expect(textIn(kept, 'heartbeat.ts')).toBe(programOf(lesson, mistake).get('heartbeat.ts'))
  }
  expect(existsSync(kept)).toBe(false)
})

test('check judges a mistake by name and deletes its folder; --out keeps a copy, which --dir judges in the same way', async () => {
  await using home = await filesIn([])
  const out = join(home.path, 'copy')
  const named = await runKit('check.ts', '1', '--mistake', 'per-second', '--hints', '3')
  expect([named.code, named.stderr]).toEqual([1, ''])
  expect(named.stdout).toMatch(/^01-why-real-time {2}mistake per-second, model\.ts$/m)
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('fourwire-per-second-'))).toEqual([])
  await runKit('check.ts', '1', '--mistake', 'per-second', '--out', out)
  const copied = await runKit('check.ts', '1', '--dir', out, '--hints', '3')
  const settled = (text: string) => text.replace(/^01-.*\n/, '').replace(/ {2}\d+ ms$/gm, '')
  expect(settled(copied.stdout)).toBe(settled(named.stdout))
})

test.each([
  [['8', '--mistake', 'gond'], 'Did you mean gone?'],
  [['7', '8', '--mistake', 'gone'], '--mistake names a wrong program of one lesson'],
  [['8', '--mistake', 'gone', '--dir', 'start'], 'Give it one lesson and no --dir'],
  [['8', '--out', 'copy'], 'give --mistake as well'],
  [['8', '--mistake', 'gone', '--out', '.'], '. exists. Give --out the name of a new folder.'],
])('check refuses %j with the exit code 2', async (args, message) => {
  const { code, stdout, stderr } = await runKit('check.ts', ...args)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain(message)
})
