import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RoomsFull, createFeed } from '../../../server/feed/feed.ts'
import { memoryLog } from '../../../server/feed/memory-log.ts'
import type { Log } from '../../../server/feed/log.ts'
import type { Cursor, PollAnswer } from '../../../server/protocol/feed.ts'
import { until } from '../../until.ts'

const say = (text: string) => ({ type: 'message', user: 'Ada', text }) as const

async function filled(count: number, log: Log = memoryLog()) {
  const feed = createFeed(log)
  for (let i = 1; i <= count; i++) await feed.publish('a', say(String(i)))
  return feed
}

const texts = ({ events }: PollAnswer) => events.map(({ text }) => text)

test('a read without a cursor gets no events, and the cursor after the last event of the room', async () => {
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

test('the answer to a read with a limit has more: true, and its cursor leads to the events after the last one', async () => {
  const feed = await filled(5)
  const first = await feed.since('a', '0', 3)
  expect(texts(first)).toEqual(['1', '2', '3'])
  expect(first).toMatchObject({ cursor: `${feed.epoch}.3`, more: true, gap: false })
  const rest = await feed.since('a', first.cursor, 3)
  expect(texts(rest)).toEqual(['4', '5'])
  expect(rest.more).toBe(false)
})

test('a read with a limit of 0 gets no events and the cursor at which its reading begins', async () => {
  const feed = await filled(5)
  expect(await feed.since('a', '0', 0)).toEqual({ events: [], cursor: `${feed.epoch}.0`, gap: false, more: true })
})

test.each([
  ['of another epoch', () => 'other.2'],
  ['older than what is kept', (epoch: string) => `${epoch}.6`],
  ['ahead of the feed', (epoch: string) => `${epoch}.11`],
  ['that does not parse', () => 'garbage'],
])('a read from a cursor %s gets a gap and continues with the earliest kept event', async (_what, cursor) => {
  const feed = await filled(10, memoryLog({ events: 3, ageMs: Infinity }))
  const answer = await feed.since('a', cursor(feed.epoch), 10)
  expect(answer.gap).toBe(true)
  expect(texts(answer)).toEqual(['8', '9', '10'])
})

test('a read from the cursor just before the earliest kept event gets no gap', async () => {
  const feed = await filled(10, memoryLog({ events: 3, ageMs: Infinity }))
  expect((await feed.since('a', `${feed.epoch}.7`, 10)).gap).toBe(false)
})

test('the method back returns the cursor that is the given number of events earlier, but not before the earliest kept event', async () => {
  const feed = await filled(10, memoryLog({ events: 5, ageMs: Infinity }))
  expect(await feed.back('a', 2)).toBe(`${feed.epoch}.8`)
  expect(await feed.back('a', 100)).toBe(`${feed.epoch}.5`)
  expect(await feed.back('empty', 3)).toBe(`${feed.epoch}.0`)
})

test('the feed replaces half a surrogate pair before it stores an event, so that live and replayed events are equal', async () => {
  const feed = createFeed(memoryLog())
  const { event } = await feed.publish('a', say('half \ud83d'))
  expect(event.text).toBe('half \ufffd')
})

test('a follower gets all kept and all new events once, from any cursor on and at any reading speed', async () => {
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
      await until('the follower has all events', () => got.length >= before + after)
      stop()
      expect(got).toEqual(Array.from({ length: before + after }, (_, i) => String(i + 1)))
    }),
    { numRuns: 40 },
  )
})

test('a follower that is not ready gets no event until it is ready, and then gets all of them', async () => {
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
  await until(
    'the follower has received its first batch',
    async () => (await feed.publish('a', say('x')), batches.length > 0),
  )
  const seen = batches.flatMap(({ events }) => events).length
  for (let i = 0; i < 50; i++) await feed.publish('a', say(String(i)))
  expect(batches.flatMap(({ events }) => events)).toHaveLength(seen)
  release()
  await until(
    'the follower has all other events',
    () => (release(), batches.flatMap(({ events }) => events).length >= 51),
  )
})

test('a follower gets a gap if the log drops events that the follower has not read yet', async () => {
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
  await until('the follower has the first event', () => got.length === 1)
  // This is beyond the tail in memory too. Only the kept events decide whether there is a gap.
  for (let i = 1; i <= 300; i++) await feed.publish('a', say(String(i)))
  held = false
  release()
  await until('the follower has the last event', () => got.at(-1) === '300')
  expect(got).toEqual(['0', 'gap', '296', '297', '298', '299', '300'])
})

test('if the log drops events while a follower reads, the follower gets a batch with only the gap, and then all later events', async () => {
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
  await until('the follower has the last event', () => got.includes('6'))
  expect(got).toEqual(['gap', '4', '5', '6'])
})

test('if the callback of a follower throws, the feed stops only this follower and passes the error to it', async () => {
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
  await until('the other follower has both events', () => got.length === 2)
  await until('the failure has been reported', () => failures.length === 1)
  expect(failures).toEqual([broken])
})

test('all followers that keep up get the same batch object, so that the server encodes it once', async () => {
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
  await until(
    'all ten followers have received an event',
    async () => (await feed.publish('a', say('x')), seen.length >= 10),
  )
  // The first followers may still read from the log, and they look for more events before they are live.
  await turn()
  seen.length = 0
  await feed.publish('a', say('y'))
  await turn()
  expect(seen).toHaveLength(10)
  expect(new Set(seen).size).toBe(1)
})

test('events published in one turn are one batch, and a follower that joins during this turn gets each of them once', async () => {
  const feed = createFeed(memoryLog())
  const first: PollAnswer[] = []
  const second: PollAnswer[] = []
  const follow = (seen: PollAnswer[], cursor: Cursor) =>
    feed.follow(
      'a',
      cursor,
      (batch) => void seen.push(batch),
      () => expect.unreachable(),
    )
  const { cursor } = await feed.since('a', undefined, 0)
  follow(first, cursor)
  await turn()
  const publishing = ['1', '2', '3'].map((text) => feed.publish('a', say(text)))
  follow(second, cursor)
  await Promise.all(publishing)
  await feed.publish('a', say('4'))
  for (const seen of [first, second]) expect(seen.map(texts)).toEqual([['1', '2', '3'], ['4']])
})

test('after an event was removed, reads no longer contain its text, and followers get a notice', async () => {
  const feed = createFeed(memoryLog())
  const seen: PollAnswer[] = []
  feed.follow(
    'a',
    '0',
    (batch) => void seen.push(batch),
    () => expect.unreachable(),
  )
  await turn()
  for (const text of ['1', '2']) await feed.publish('a', say(text))
  await feed.remove('a', ({ text }) => text === '1', say('notice'))
  expect(seen.flatMap(texts)).toEqual(['1', '2', 'notice'])
  expect(texts(await feed.since('a', '0', 10))).toEqual([undefined, '2', 'notice'])
})

test('equal reads get the same answer object until there is a new event', async () => {
  const feed = await filled(3)
  const first = await feed.since('a', '0', 10)
  expect(await feed.since('a', '0', 10)).toBe(first)
  expect(texts(await feed.since('a', '0', 2))).toEqual(['1', '2'])
  await feed.publish('a', say('4'))
  expect(texts(await feed.since('a', '0', 10))).toEqual(['1', '2', '3', '4'])
  // After many other questions the answer is no longer kept, and is read again.
  for (let i = 1; i <= 100; i++) await feed.since('a', '0', 10 + i)
  expect(texts(await feed.since('a', '0', 10))).toEqual(['1', '2', '3', '4'])
})

test('the feed does not reuse a stored answer if the log has dropped some of its events', async () => {
  const feed = await filled(3, memoryLog({ events: 3, ageMs: Infinity }))
  expect(texts(await feed.since('a', `${feed.epoch}.0`, 10))).toEqual(['1', '2', '3'])
  await feed.publish('a', say('4'))
  expect(await feed.since('a', `${feed.epoch}.0`, 10)).toMatchObject({ gap: true, cursor: `${feed.epoch}.4` })
})

test('the feed delivers each commit to a different follower first', async () => {
  const feed = createFeed(memoryLog())
  const order: number[] = []
  for (let i = 0; i < 4; i++)
    feed.follow(
      'a',
      '0',
      () => void order.push(i),
      () => expect.unreachable(),
    )
  await until(
    'all eight followers have received an event',
    async () => (await feed.publish('a', say('x')), order.length >= 8),
  )
  const firsts = new Set<number | undefined>()
  for (let i = 0; i < 8; i++) {
    order.length = 0
    await feed.publish('a', say('y'))
    await turn()
    firsts.add(order[0])
  }
  expect(firsts.size).toBe(4)
})

test('polls and followers get long texts completely, in small batches', async () => {
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
  await until('the follower has 100 texts', () => followed.flatMap(texts).length === 100)
  for (const got of [batches, followed]) {
    expect(got.flatMap(texts).map((text) => Number.parseInt(text ?? '', 10))).toEqual([...Array(100).keys()])
    for (const batch of got) expect(Buffer.byteLength(texts(batch).join(''))).toBeLessThanOrEqual(64 * 1024)
  }
})

test('the feed delivers even a text that is longer than a batch may be', async () => {
  const feed = createFeed(memoryLog())
  const { event } = await feed.publish('a', say('x'.repeat(100_000)))
  expect((await feed.since('a', '0', 10)).events).toEqual([event])
})

test('above the limit, a new room replaces a room without kept events', async () => {
  const log = memoryLog({ events: 10, ageMs: 5 })
  const feed = createFeed(log, { rooms: 1 })
  await feed.publish('a', say('x'))
  await until('the log has deleted the events of the room', async () => {
    const { first, last } = await log.extent('a')
    return first > last
  })
  expect((await feed.publish('b', say('x'))).event.room).toBe('b')
})

test('above the limit, a new room replaces the smallest room without followers', async () => {
  const feed = createFeed(memoryLog(), { rooms: 3 })
  const say3 = async (room: string, count: number) => {
    for (let i = 0; i < count; i++) await feed.publish(room, say('x'))
  }
  await say3('long', 3)
  await say3('short', 1)
  await say3('watched', 1)
  const leave = feed.follow(
    'watched',
    '0',
    () => {},
    () => expect.unreachable(),
  )
  const before = await feed.since('short', '0', 10)
  await say3('new', 2)
  expect(before.events).toHaveLength(1)
  expect(await feed.since('short', `${feed.epoch}.0`, 10)).toMatchObject({ gap: true, events: [] })
  // The numbers of the replaced room continue, so that no new event has the id of an old one.
  expect((await feed.publish('short', say('again'))).event.id).toBe(`${feed.epoch}.2`)
  expect((await feed.since('new', '0', 10)).events).toEqual([])
  expect((await feed.since('long', '0', 10)).events).toHaveLength(3)
  expect((await feed.since('watched', '0', 10)).events).toHaveLength(1)
  leave()
})

test('above the limit, a new room is refused if all other rooms have followers', async () => {
  const feed = createFeed(memoryLog(), { rooms: 1 })
  await feed.publish('a', say('x'))
  feed.follow(
    'a',
    '0',
    () => {},
    () => expect.unreachable(),
  )
  await expect(feed.publish('b', say('x'))).rejects.toThrow(RoomsFull)
  await feed.publish('a', say('y'))
})
