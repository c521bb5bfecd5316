import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readClaimsOptions } from './options.ts'

const KNOWN = [1, 2, 3]

test('without options, all claims are measured', () => {
  expect(readClaimsOptions([], KNOWN)).toEqual({ only: KNOWN, isQuick: false, json: undefined, html: undefined })
})

test('a list selects claims, each of them once and in the usual order', () => {
  expect(readClaimsOptions(['--only', '3,1,3', '--quick'], KNOWN)).toMatchObject({ only: [1, 3], isQuick: true })
})

test('--help wants the help', () => {
  expect(readClaimsOptions(['--help', '--only', '1'], KNOWN)).toBeNull()
})

test.each([
  [['--only', '4'], '--only is "4". Give numbers of claims from 1 to 3, separated by commas.'],
  [['--only', '1,'], '--only is "1,". Give numbers'],
  [['--only', 'bytes'], '--only is "bytes". Give numbers'],
  [['--only'], '--only is "". Give it a value'],
  [['--only', '--quick'], '--only is "--quick". Give it a value'],
  [['--quick=yes'], '--quick is "yes", and it takes no value.'],
  [['--clients', '3'], '--clients is no option.'],
  [['6'], '"6" belongs to no option.'],
  [['--json', '/none/here.json'], '--json is "/none/here.json", and the folder /none does not exist.'],
])('%o is refused with a sentence', (args, sentence) => {
  expect(() => readClaimsOptions(args, KNOWN)).toThrow(sentence)
})

test('a folder is refused as a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fourwire-claims-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  expect(() => readClaimsOptions(['--html', folder], KNOWN)).toThrow('which is a folder. Give the name of a file.')
})
