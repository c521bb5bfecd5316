import { expect, test } from 'vitest'
import { createTurns } from '../../../server/feed/turns.ts'

test('in each turn of the event loop, two waiting promises resolve in their order, and other work runs between turns', async () => {
  const turns = createTurns(2)
  const done: string[] = []
  const waiting = [1, 2, 3, 4, 5].map((i) => turns.next().then(() => done.push(String(i))))
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve))
    done.push('other')
  }
  await Promise.all(waiting)
  expect(done.join(' ')).toBe('1 2 other 3 4 other 5 other')
})
