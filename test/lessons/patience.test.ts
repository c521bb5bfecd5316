import { expect, test } from 'vitest'
import { createPatience } from '../../lessons/kit/patience.ts'

test('calls back once, when so much has gone by for both, and not where it was called off', () => {
  const patience = createPatience()
  const called: string[] = []
  patience.after(250, () => called.push('late'))
  const callOff = patience.after(100, () => called.push('early'))
  patience.after(100, () => called.push('as early'))
  callOff()
  patience.step(100)
  expect([patience.nowMs, called]).toEqual([100, ['as early']])
  patience.step(100)
  patience.step(100)
  patience.step(100)
  expect([patience.nowMs, called]).toEqual([400, ['as early', 'late']])
})

test('is over when the program is: nobody waits for what cannot come any more', async () => {
  const patience = createPatience()
  const called: string[] = []
  patience.after(1000, () => called.push('before'))
  patience.end()
  expect([patience.nowMs, called]).toEqual([Infinity, ['before']])
  await new Promise<void>((resolve) => patience.after(1000, resolve))
})

test('what is waited for after the end is called once as well, and not where it was called off', async () => {
  const patience = createPatience()
  patience.end()
  const called: string[] = []
  patience.after(1000, () => called.push('late'))
  patience.after(1000, () => called.push('called off'))()
  await new Promise<void>((resolve) => patience.after(1000, resolve))
  patience.end()
  expect(called).toEqual(['late'])
})
