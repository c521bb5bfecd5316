import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createSlices } from '../../../server/lab/slices.ts'
import type { Work } from '../../../server/lab/slices.ts'

test('timers run between two slices of a task, and tasks run one after the other', async () => {
  const log: string[] = []
  function* work(name: string): Work<string> {
    log.push(`${name} begins`)
    yield
    log.push(`${name} ends`)
    return name
  }
  const { run } = createSlices(0)
  const both = Promise.all([run(() => work('first')), run(() => work('second'))])
  for (let i = 0; i < 10; i++) {
    await setImmediate()
    log.push('other')
  }
  expect(await both).toEqual(['first', 'second'])
  expect(log.filter((entry) => entry !== 'other')).toEqual([
    'first begins',
    'first ends',
    'second begins',
    'second ends',
  ])
  expect(log.slice(log.indexOf('first begins'), log.indexOf('second ends'))).toContain('other')
})

test('if a task throws, its promise rejects and the next task runs', async () => {
  const { run } = createSlices()
  const broken = run(function* (): Work<never> {
    yield
    throw new Error('broken')
  })
  const next = run(function* (): Work<number> {
    yield
    return 1
  })
  await expect(broken).rejects.toThrow('broken')
  expect(await next).toBe(1)
})
