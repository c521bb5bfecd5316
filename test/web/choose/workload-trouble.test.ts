import { expect, test } from 'vitest'
import { workloadTrouble } from '../../../web/choose/workload-trouble.ts'
import { FIGURES, readWorkload, writeWorkload } from '../../../web/measure/workload.ts'

test.each([
  ['?rate=5000', 'a value', 'rate “5000” (give a number from 0.00001 to 1,000; the page uses 1)'],
  ['?rate=', 'a value', 'rate “” (give a number from'],
  ['?clients=1.5', 'a value', 'clients “1.5” (give a whole number from 1 to 10,000,000; the page uses 1,000)'],
  ['?path=moon&speaks=maybe', 'values', 'path “moon” (give clear, buffers, firewall or both; the page uses clear)'],
  ['?path=moon&speaks=maybe', 'values', 'speaks “maybe” (give yes or no; the page uses no)'],
])('the decision page says what it cannot use in %s, what it uses, and what is allowed', (query, count, part) => {
  expect(workloadTrouble(query)).toContain(`The address has ${count} that this page cannot use: `)
  expect(workloadTrouble(query)).toContain(part)
})

test('the decision page has nothing to say about values that it can use, and about names that it does not know', () => {
  expect(workloadTrouble('?utm_source=mail')).toBeNull()
  for (const end of ['from', 'to'] as const) {
    const figures = Object.fromEntries(Object.entries(FIGURES).map(([name, range]) => [name, range[end]]))
    const workload = { ...readWorkload('?path=both&speaks=yes'), ...figures }
    expect(workloadTrouble(writeWorkload(workload))).toBeNull()
    expect(readWorkload(writeWorkload(workload))).toEqual(workload)
  }
})

test('a rate of one message an hour is used as it is', () => {
  expect(workloadTrouble('?rate=0.0003')).toBeNull()
  expect(readWorkload('?rate=0.0003').rate).toBe(0.0003)
})
