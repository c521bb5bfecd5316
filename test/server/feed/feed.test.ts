import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RoomsFull, createFeed } from '../../../server/feed/feed.ts'
import { memoryLog } from '../../../server/feed/memory-log.ts'
import type { Log } from '../../../server/feed/log.ts'
import type { PollAnswer } from '../../../server/protocol.ts'
import { until } from '../../until.ts'

const say = (text: string) => ({ type: 'message', user: 'Ada', text }) as const

async function filled(count: number, log: Log = memoryLog()) {
  const feed = createFeed(log)
  for (let i = 1; i <= count; i++) await feed.publish('a', say(String(i)))
  return feed
}

const texts = ({ events }: PollAnswer) => events.map(({ text }) => text)

test('without a cursor it answers the room\u2019s end and no events', async () => {
  const feed = await filled(3)
  expect(await feed.since('a', undefined, 10)).toEqual({
    events: [],
    cursor: `${feed.epoch}.3`,
    gap: false,
    more: false,
  })
  expect(await feed.since('empty', undefined, 10)).toEqual({
    events: [],
    cursor: `${feed.epoch}.0`,
    gap: false,
    more: false,
  })
})

test('a limit cuts the answer short and says so, and the cursor goes on from there', async () => {
  const feed = await filled(5)
  const first = await feed.since('a', '0', 3)
  expect(texts(first)).toEqual(['1', '2', '3'])
  expect(first).toMatchObject({ cursor: `${feed.epoch}.3`, more: true, gap: false })
  const rest = await feed.since('a', first.cursor, 3)
  expect(texts(rest)).toEqual(['4', '5'])
  expect(rest.more).toBe(false)
})

test('a limit of 0 answers where reading begins', async () => {
  const feed = await filled(5)
  expect(await feed.since('a', '0', 0)).toEqual({ events: [], cursor: `${feed.epoch}.0`, gap: false, more: true })
})

test.each([
  ['of another epoch', () => 'other.2'],
  ['older than what is kept', (epoch: string) => `${epoch}.6`],
  ['ahead of the feed', (epoch: string) => `${epoch}.11`],
  ['that does not parse', () => 'garbage'],
])('a cursor %s answers a gap and goes on from the earliest kept', async (_what, cursor) => {
  const feed = await filled(10, memoryLog({ events: 3, ageMs: Infinity }))
  const answer = await feed.since('a', cursor(feed.epoch), 10)
  expect(answer.gap).toBe(true)
  expect(texts(answer)).toEqual(['8', '9', '10'])
})

test('the cursor just before the earliest kept is no gap', async () => {
  const feed = await filled(10, memoryLog({ events: 3, ageMs: Infinity }))
  expect((await feed.since('a', `${feed.epoch}.7`, 10)).gap).toBe(false)
})

test('goes back by a number of events, at most to the earliest kept', async () => {
  const feed = await filled(10, memoryLog({ events: 5, ageMs: Infinity }))
  expect(await feed.back('a', 2)).toBe(`${feed.epoch}.8`)
  expect(await feed.back('a', 100)).toBe(`${feed.epoch}.5`)
  expect(await feed.back('empty', 3)).toBe(`${feed.epoch}.0`)
})

test('half a surrogate pair is replaced before it is kept, so that live and replayed events are the same', async () => {
  const feed = createFeed(memoryLog())
  const { event } = await feed.publish('a', say('half \ud83d'))
  expect(event.text).toBe('half \ufffd')
})

test('a follower gets what was there and what comes, without a seam, whenever it begins and however slow it is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(600), fc.nat(600), fc.array(fc.nat(3), { maxLength: 60 }), async (before, after, pace) => {
      const feed = await filled(before)
      const got: string[] = []
      let steps = 0
      const stop = feed.follow(
        'a',
        '0',
        async ({ events }) => {
          got.push(...events.map(({ text }) => text ?? ''))
          for (let i = 0; i < (pace[steps++ % (pace.length || 1)] ?? 0); i++) await null
        },
        () => expect.unreachable(),
      )
      const publishing = Array.from({ length: after }, (_, i) => feed.publish('a', say(String(before + i + 1))))
      await Promise.all(publishing)
      await until('all have come', () => got.length >= before + after)
      stop()
      expect(got).toEqual(Array.from({ length: before + after }, (_, i) => String(i + 1)))
    }),
    { numRuns: 40 },
  )
})

test('a follower that is held back is handed nothing until it is ready, and then all of it', async () => {
  const feed = createFeed(memoryLog())
  const batches: PollAnswer[] = []
  let release = () => {}
  feed.follow(
    'a',
    '0',
    (batch) => {
      batches.push(batch)
      return new Promise<void>((resolve) => (release = resolve))
    },
    () => expect.unreachable(),
  )
  await until('it follows', async () => (await feed.publish('a', say('x')), batches.length > 0))
  const seen = batches.flatMap(({ events }) => events).length
  for (let i = 0; i < 50; i++) await feed.publish('a', say(String(i)))
  expect(batches.flatMap(({ events }) => events)).toHaveLength(seen)
  release()
  await until('the rest has come', () => (release(), batches.flatMap(({ events }) => events).length >= 51))
})

test('a follower that falls behind what is kept is told of the gap', async () => {
  const feed = createFeed(memoryLog({ events: 5, ageMs: Infinity }))
  const got: (string | undefined)[] = []
  let release = () => {}
  let held = true
  feed.follow(
    'a',
    '0',
    ({ gap, events }) => {
      got.push(...(gap ? ['gap'] : events.map(({ text }) => text)))
      if (held) return new Promise<void>((resolve) => (release = resolve))
    },
    () => expect.unreachable(),
  )
  await feed.publish('a', say('0'))
  await until('it has the first', () => got.length === 1)
  // Beyond the tail in memory too: what is kept, and not what is at hand, decides.
  for (let i = 1; i <= 300; i++) await feed.publish('a', say(String(i)))
  held = false
  release()
  await until('it is at the end', () => got.at(-1) === '300')
  expect(got).toEqual(['0', 'gap', '296', '297', '298', '299', '300'])
})

test('a gap that comes about while a follower looks is a batch of its own, and nothing behind it is lost', async () => {
  const inner = memoryLog({ events: 3, ageMs: Infinity })
  let isForgetting = false
  const log: Log = {
    ...inner,
    async extent(room) {
      const extent = await inner.extent(room)
      if (!isForgetting) return extent
      isForgetting = false
      for (const text of ['4', '5', '6']) await inner.append(room, say(text))
      return extent
    },
  }
  const feed = await filled(3, log)
  const got: (string | undefined)[] = []
  isForgetting = true
  feed.follow(
    'a',
    `${feed.epoch}.1`,
    ({ gap, events }) => void got.push(...(gap ? ['gap'] : events.map(({ text }) => text))),
    () => expect.unreachable(),
  )
  await until('it is at the end', () => got.includes('6'))
  expect(got).toEqual(['gap', '4', '5', '6'])
})

test('a follower that throws is ended and told; the others go on', async () => {
  const feed = createFeed(memoryLog())
  const failures: unknown[] = []
  const got: (string | undefined)[] = []
  const broken = new Error('broken')
  feed.follow(
    'a',
    '0',
    () => {
      throw broken
    },
    (error) => failures.push(error),
  )
  feed.follow(
    'a',
    '0',
    (batch) => void got.push(...texts(batch)),
    () => expect.unreachable(),
  )
  await feed.publish('a', say('1'))
  await feed.publish('a', say('2'))
  await until('both have come', () => got.length === 2)
  await until('it was told', () => failures.length === 1)
  expect(failures).toEqual([broken])
})

test('all that keep up are handed the same object, so that it is made into bytes once', async () => {
  const feed = createFeed(memoryLog())
  const seen: PollAnswer[] = []
  const { cursor } = await feed.since('a', undefined, 0)
  for (let i = 0; i < 10; i++)
    feed.follow(
      'a',
      cursor,
      (batch) => void seen.push(batch),
      () => expect.unreachable(),
    )
  await until('they follow', async () => (await feed.publish('a', say('x')), seen.length >= 10))
  // The first ones may have come out of the log, and then they look for more before they are live.
  await new Promise((resolve) => setImmediate(resolve))
  seen.length = 0
  await feed.publish('a', say('y'))
  expect(seen).toHaveLength(10)
  expect(new Set(seen).size).toBe(1)
})

test('another follower is first each time', async () => {
  const feed = createFeed(memoryLog())
  const order: number[] = []
  for (let i = 0; i < 4; i++)
    feed.follow(
      'a',
      '0',
      () => void order.push(i),
      () => expect.unreachable(),
    )
  await until('they follow', async () => (await feed.publish('a', say('x')), order.length >= 8))
  const firsts = new Set<number | undefined>()
  for (let i = 0; i < 8; i++) {
    order.length = 0
    await feed.publish('a', say('y'))
    firsts.add(order[0])
  }
  expect(firsts.size).toBe(4)
})

test('long texts come a few at a time, and all of them, to who asks and to who follows', async () => {
  const feed = createFeed(memoryLog())
  for (let i = 0; i < 100; i++) await feed.publish('a', say(`${i}`.padEnd(4000, '€')))
  const batches: PollAnswer[] = []
  let cursor = '0'
  do {
    const batch = await feed.since('a', cursor, 500)
    batches.push(batch)
    cursor = batch.cursor
  } while (batches.at(-1)?.more)
  const followed: PollAnswer[] = []
  feed.follow(
    'a',
    '0',
    (batch) => void followed.push(batch),
    () => expect.unreachable(),
  )
  await until('all have come', () => followed.flatMap(texts).length === 100)
  for (const got of [batches, followed]) {
    expect(got.flatMap(texts).map((text) => Number.parseInt(text ?? '', 10))).toEqual([...Array(100).keys()])
    for (const batch of got) expect(Buffer.byteLength(texts(batch).join(''))).toBeLessThanOrEqual(64 * 1024)
  }
})

test('a text longer than all that goes out at a time still goes out', async () => {
  const feed = createFeed(memoryLog())
  const { event } = await feed.publish('a', say('x'.repeat(100_000)))
  expect((await feed.since('a', '0', 10)).events).toEqual([event])
})

test('rooms of which nothing is kept any more make room for others', async () => {
  const log = memoryLog({ events: 10, ageMs: 5 })
  const feed = createFeed(log, { rooms: 1 })
  await feed.publish('a', say('x'))
  await until('it is forgotten', async () => {
    const { first, last } = await log.extent('a')
    return first > last
  })
  expect((await feed.publish('b', say('x'))).event.room).toBe('b')
})

test('a room too many is refused, to be in and to publish in, and those that are there go on', async () => {
  const feed = createFeed(memoryLog(), { rooms: 1 })
  const follow = (room: string) =>
    feed.follow(
      room,
      '0',
      () => {},
      () => expect.unreachable(),
    )
  await feed.publish('a', say('x'))
  const leave = follow('a')
  expect(() => follow('b')).toThrow(RoomsFull)
  await expect(feed.publish('b', say('x'))).rejects.toThrow(RoomsFull)
  await feed.publish('a', say('y'))
  leave()
  follow('b')
})
