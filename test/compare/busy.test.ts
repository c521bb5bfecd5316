import { expect, test } from 'vitest'
import { watchBusy } from './busy.ts'
import { now } from './now.ts'

const SPIN_MS = 30

test('a message that was read after work of this process may have waited for all of the work', async () => {
  const busy = watchBusy(now())
  await wait(20)
  const endMs = now() + SPIN_MS
  while (now() < endMs);
  expect(busy.sinceMs(now())).toBeGreaterThanOrEqual(SPIN_MS)
  // No wait in between: the next message may have waited for the same work.
  expect(busy.sinceMs(now())).toBeGreaterThanOrEqual(SPIN_MS)
})

test('a message that was read after this process had waited for it has not waited', async () => {
  const busy = watchBusy(now())
  const endMs = now() + SPIN_MS
  while (now() < endMs);
  await wait(20)
  busy.sinceMs(now())
  await wait(20)
  expect(busy.sinceMs(now())).toBeLessThan(SPIN_MS / 2)
})

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
