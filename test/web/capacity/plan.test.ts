/** Tests of the address and the fields of the capacity page. */
import { expect, test } from 'vitest'
import { CAPACITY_FIGURES } from '../../../web/measure/capacity-figures.ts'
import { capacityOf } from '../../../web/measure/capacity.ts'
import { figureTrouble, planTrouble, readPlan, writePlan } from '../../../web/capacity/plan.ts'
import { answerText, beyondTexts, firstLimitText } from '../../../web/capacity/words.ts'

test('an address without values gives the usual plan, whose address is empty', () => {
  const plan = readPlan('')
  expect(plan).toEqual({ clients: 1000, rate: 1, bytes: 100, rooms: 1, hours: 24, transport: 'ws' })
  expect(writePlan(plan)).toBe('')
})

test('every plan survives the way through an address', () => {
  const plan = { clients: 5000, rate: 0.25, bytes: 350, rooms: 40, hours: 2.5, transport: 'long-poll' } as const
  expect(readPlan(writePlan(plan))).toEqual(plan)
})

test('the page names each value of an address that it cannot use, and what it uses instead', () => {
  const search = '?clients=-5&rate=&transport=short-poll&bytes=9999'
  expect(readPlan(search)).toEqual(readPlan(''))
  expect(planTrouble(search)).toBe(
    'The address has values that this page cannot use: clients “-5” (give a whole number from 1 to 10,000,000; the page uses 1,000); rate “” (give a number from 0.001 to 1,000; the page uses 1); transport “short-poll” (give ws, sse, stream or long-poll; the page uses ws); bytes “9999” (give a whole number from 1 to 4,000; the page uses 100).',
  )
  expect(planTrouble('?clients=5')).toBe(null)
})

test.each([
  ['clients', '', 'Clients is empty. Enter a whole number from 1 to 10,000,000.'],
  ['clients', '2.5', 'Clients is “2.5”. Enter a whole number from 1 to 10,000,000.'],
  ['clients', '1e99', 'Clients is “1e99”. Enter a whole number from 1 to 10,000,000.'],
  ['rate', 'many', 'Messages in each room is “many”. Enter a number from 0.001 to 1,000.'],
  ['hours', '25', 'Hours with messages is “25”. Enter a number from 0.1 to 24.'],
  ['rooms', 'Infinity', 'Rooms is “Infinity”. Enter a whole number from 1 to 100,000.'],
] as const)('the field %s with the text "%s" says what to enter', (name, text, sentence) => {
  expect(figureTrouble(name, text)).toBe(sentence)
})

const texts = (search: string) => {
  const plan = readPlan(search)
  const capacity = capacityOf(plan, CAPACITY_FIGURES)
  return {
    answer: answerText(capacity),
    first: firstLimitText(capacity),
    beyond: beyondTexts(plan, capacity, CAPACITY_FIGURES),
  }
}

test('a small workload needs one process and no Redis, and is inside what was measured', () => {
  expect(texts('?clients=200')).toMatchObject({
    answer: expect.stringMatching(/^One process is enough\. It needs no Redis\./),
    beyond: [],
  })
})

test('a workload that no number of processes can serve says why', () => {
  const { answer, first, beyond } = texts('?clients=10000&rate=1000&rooms=1000')
  expect(answer).toBe('No number of processes is enough for this workload.')
  expect(first).toMatch(/too busy/)
  expect(beyond).toContain('No run had more than 4 processes.')
})

test('a workload beyond the measured range says what was not measured', () => {
  const { beyond } = texts('?clients=1000000&bytes=20')
  expect(beyond).toContain('No run had more than 4 processes.')
  expect(beyond).toContain('A text under 100 bytes counts like one of 100 bytes.')
})
