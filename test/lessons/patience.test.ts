import { expect, test } from 'vitest'
import { createPatience } from '../../lessons/kit/patience.ts'

test('patience calls each callback once after its time, unless the callback was cancelled', () => {
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

test('all callbacks run when the program ends, so no check waits in vain', async () => {
  const patience = createPatience()
  const called: string[] = []
  patience.after(1000, () => called.push('before'))
  patience.end()
  expect([patience.nowMs, called]).toEqual([Infinity, ['before']])
  await new Promise<void>((resolve) => patience.after(1000, resolve))
})

test('after the end of the program, a new callback also runs once, unless it was cancelled', async () => {
  const patience = createPatience()
  patience.end()
  const called: string[] = []
  patience.after(1000, () => called.push('late'))
  patience.after(1000, () => called.push('called off'))()
  await new Promise<void>((resolve) => patience.after(1000, resolve))
  patience.end()
  expect(called).toEqual(['late'])
})
