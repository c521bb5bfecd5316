import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { transports } from '../../../web/transports/index.ts'

const WEB = join(import.meta.dirname, '../../../web')
const ALL = Object.values(transports)
const NAMES = Object.keys(transports).join('|')

test('every transport has its own name, and shares its path, label, shape and colour with no other transport', () => {
  expect(ALL.map(({ name }) => name)).toEqual(Object.keys(transports))
  const facts = ['path', 'label', 'verb', 'shape', 'fallbackRank'] as const
  for (const fact of facts) {
    const values = ALL.map((transport) => transport[fact]).filter((value) => value !== null)
    expect(new Set(values.map((value) => JSON.stringify(value))).size, fact).toBe(values.length)
  }
  for (const paper of ['light', 'dark'] as const)
    expect(new Set(ALL.map(({ colour }) => colour[paper])).size).toBe(ALL.length)
})

test('no file outside `web/transports` compares a transport’s name or uses it as a key', () => {
  const asked = new RegExp(
    `[!=]==? '(?:short-poll|long-poll|sse|ws)'|case '(?:${NAMES})'|^\\s*(?:'(?:${NAMES})'|sse|ws):`,
    'm',
  )
  // The preflight has a probe for each of the four that a network may refuse.
  const files = globSync('**/*.ts', { cwd: WEB }).filter(
    (file) => !file.startsWith('transports/') && file !== join('lab', 'preflight.ts'),
  )
  expect(files.length).toBeGreaterThan(100)
  expect(files.filter((file) => asked.test(readFileSync(join(WEB, file), 'utf8')))).toEqual([])
})

test('no style sheet contains the name of a transport, a number of lanes or the numbers of their rows', () => {
  const counted = new RegExp(
    `data-lane='?(?:${NAMES})|repeat\\(\\d, (?:minmax\\(var\\(--lane|5rem|\\d(?:\\.\\d+)?rem\\))|grid-row: \\d`,
  )
  const files = globSync('{page,sandbox}/*.css', { cwd: WEB })
  expect(files.filter((file) => counted.test(readFileSync(join(WEB, file), 'utf8')))).toEqual([])
})
