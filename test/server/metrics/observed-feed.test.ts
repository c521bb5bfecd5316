/** Which events count as history for a reader. The age of history is not a delay. */
import { setImmediate as turn } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createFeed } from '../../../server/feed/feed.ts'
import { memoryLog } from '../../../server/feed/memory-log.ts'
import type { Log } from '../../../server/feed/log.ts'
import { observeReading } from '../../../server/metrics/observed-feed.ts'
import { until } from '../../until.ts'

const say = (text: string) => ({ type: 'message', user: 'Ada', text }) as const

/** Observes a feed. `counted` has the texts of delivered events; those of history are in parentheses. */
function observed(log: Log = memoryLog()) {
  const counted: string[] = []
  const feed = observeReading(createFeed(log), {
    arrived: () => () => {},
    delivered: (events, history) =>
      void counted.push(...events.map(({ text = '' }, i) => (i < history ? `(${text})` : text))),
    missed: () => {},
    failed: () => expect.unreachable(),
  })
  const follow = (deliver: () => Promise<void> | void = () => {}) =>
    feed.follow('a', '0', deliver, () => expect.unreachable())
  return { feed, counted, follow }
}

/** Runs `act` with a clock that is an hour ahead. */
async function anHourAhead(act: () => Promise<unknown>): Promise<void> {
  const aheadMs = performance.now() + 60 * 60 * 1000
  const clock = vi.spyOn(performance, 'now').mockReturnValue(aheadMs)
  onTestFinished(() => clock.mockRestore())
  await act()
  clock.mockRestore()
}

test('events that were committed before a follower came count as history, and later events do not', async () => {
  const { feed, counted, follow } = observed()
  await feed.publish('a', say('1'))
  follow()
  await turn()
  await feed.publish('a', say('2'))
  expect(counted).toEqual(['(1)', '2'])
  follow()
  await turn()
  expect(counted).toEqual(['(1)', '2', '(1)', '(2)'])
})

test('an event whose stored time is in the future counts as history, because its age would be negative', async () => {
  const { feed, counted, follow } = observed()
  await anHourAhead(() => feed.publish('a', say('1')))
  follow()
  await turn()
  await feed.since('a', `${feed.epoch}.0`, 10)
  expect(counted).toEqual(['(1)', '(1)'])
})

test('an event that was accepted before a follower came, but committed afterwards, does not count as history', async () => {
  const { feed, counted, follow } = observed()
  await feed.publish('a', say('1'))
  const publishing = feed.publish('a', say('2'))
  const acceptedMs = performance.now()
  while (performance.now() < acceptedMs + 1);
  follow()
  await publishing
  expect(counted).toEqual(['(1)', '2'])
})

test('an event that was committed after a follower came is not history, even if the follower reads it together with history', async () => {
  const inner = memoryLog()
  const slow: Log = { ...inner, read: async (...asked) => (await turn(), inner.read(...asked)) }
  const { feed, counted, follow } = observed(slow)
  for (const text of ['1', '2']) await feed.publish('a', say(text))
  follow()
  await feed.publish('a', say('3'))
  await until('the follower has all events', () => counted.length === 3)
  expect(counted).toEqual(['(1)', '(2)', '3'])
})

test('events that a follower gets late because it was not ready do not count as history', async () => {
  const { feed, counted, follow } = observed()
  let release = () => {}
  follow(() => new Promise<void>((resolve) => (release = resolve)))
  await turn()
  await feed.publish('a', say('1'))
  for (const text of ['2', '3']) await feed.publish('a', say(text))
  expect(counted).toEqual(['1'])
  release()
  await until('the follower has all events', () => counted.length === 3)
  expect(counted).toEqual(['1', '2', '3'])
})

test('an event in the answer to a poll counts as history if it is older than a minute', async () => {
  const { feed, counted } = observed()
  await feed.publish('a', say('1'))
  await feed.since('a', '0', 10)
  await anHourAhead(() => feed.since('a', '0', 10))
  expect(counted).toEqual(['1', '(1)'])
})
