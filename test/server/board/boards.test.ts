/** Boards on both logs, with a retention that forgets almost at once. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { createBoards } from '../../../server/board/boards.ts'
import type { Boards } from '../../../server/board/boards.ts'
import { FeedError } from '../../../server/errors.ts'
import { RoomsFull, createFeed } from '../../../server/feed/feed.ts'
import type { Log, Retention } from '../../../server/feed/log.ts'
import { memoryLog } from '../../../server/feed/memory-log.ts'
import { sqliteLog } from '../../../server/feed/sqlite-log.ts'
import type { Board, Change } from '../../../server/protocol.ts'
import { apply } from '../../../web/board/apply.ts'
import { EMPTY } from '../../../web/board/rules.ts'
import { change } from '../../web/board/changes.ts'

const folder = await mkdtemp(join(tmpdir(), 'fourwire-boards-'))
afterAll(() => rm(folder, { recursive: true }))
let files = 0
const LOGS: [string, (retention?: Retention) => Log][] = [
  ['memory-log', memoryLog],
  ['sqlite-log', (retention) => sqliteLog(join(folder, `${++files}.db`), retention)],
]

const create = (id: string, title = id): Change => ({ type: 'task_created', task: { id, title } })
const move = (id: string, list: string): Change => ({ type: 'task_updated', task: { id, list } })
const remove = (id: string): Change => ({ type: 'task_deleted', task: { id } })

const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof FeedError ? error.code : String(error)),
  )

/** As the rules say, and not yet done where they refuse. */
async function tryAll(boards: Boards, changes: readonly Change[], key?: (i: number) => string): Promise<void> {
  await Promise.allSettled(changes.map((one, i) => boards.change('b', 'Ada', one, key?.(i))))
}

describe.each(LOGS)('on %s', (_name, log) => {
  test('a board nobody has touched has three lists and no task', async () => {
    const feed = createFeed(log())
    expect(await createBoards(feed).read('b')).toEqual({ cursor: `${feed.epoch}.0`, board: EMPTY })
    await feed.close()
  })

  test('what was changed at once is changed one after the other', async () => {
    const feed = createFeed(log())
    const boards = createBoards(feed)
    const answers = await Promise.all(
      [create('a'), move('a', 'doing'), create('b'), move('b', 'done'), remove('a')].map((one) =>
        boards.change('b', 'Ada', one),
      ),
    )
    expect(answers.map(({ event }) => event.type)).toEqual([
      'task_created',
      'task_updated',
      'task_created',
      'task_updated',
      'task_deleted',
    ])
    const { board, cursor } = await boards.read('b')
    expect(board.tasks).toEqual([{ id: 'b', list: 'done', title: 'b', assignee: '', done: false }])
    expect(cursor).toBe(answers.at(-1)?.event.id)
    await feed.close()
  })

  test('one that is refused holds up nobody behind it', async () => {
    const feed = createFeed(log())
    const boards = createBoards(feed)
    const [refused, ok] = [
      refusal(boards.change('b', 'Ada', move('gone', 'done'))),
      boards.change('b', 'Ada', create('a')),
    ]
    expect(await refused).toBe('unknown-task')
    expect((await ok).repeated).toBe(false)
    await feed.close()
  })

  test('a repeated key changes once, also where it could not be done once more, and at the same time', async () => {
    const feed = createFeed(log())
    const boards = createBoards(feed)
    const [first, again] = await Promise.all([1, 2].map(() => boards.change('b', 'Ada', create('a'), 'k')))
    expect(again).toEqual({ event: first?.event, repeated: true })
    await boards.change('b', 'Bo', move('a', 'done'))
    expect(await boards.change('b', 'Ada', create('a'), 'k')).toEqual({ event: first?.event, repeated: true })
    expect((await boards.read('b')).board.tasks).toMatchObject([{ list: 'done' }])
    expect(first?.event.key).toBe('k')
    await feed.close()
  })

  test('loses nothing when the log forgets its events by number', async () => {
    const feed = createFeed(log({ events: 3, ageMs: Infinity }))
    const boards = createBoards(feed)
    for (let i = 0; i < 20; i++) await boards.change('b', 'Ada', create(`t${i}`))
    // What else goes on in the room pushes all of the board's events out.
    for (let i = 0; i < 5; i++) await feed.publish('b', { type: 'tick' })
    const { board, cursor } = await boards.read('b')
    expect(board.tasks.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, i) => `t${i}`))
    // And its cursor is one from which reading goes on without a gap.
    expect(await feed.since('b', cursor, 10)).toMatchObject({ gap: false, events: [] })
    await feed.close()
  })

  test('loses nothing when the log forgets its events by age', async () => {
    const feed = createFeed(log({ events: 1000, ageMs: 0 }))
    const boards = createBoards(feed)
    await boards.change('b', 'Ada', create('a'))
    await boards.change('b', 'Ada', create('b'))
    expect((await boards.read('b')).board.tasks).toHaveLength(2)
    await feed.close()
  })

  test('random changes add up to what their events add up to, from any cursor on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 30 }), fc.nat(20), async (changes, seen) => {
        const feed = createFeed(log())
        const boards = createBoards(feed)
        await tryAll(boards, changes.slice(0, seen), String)
        const then = await boards.read('b')
        await tryAll(boards, changes.slice(seen))
        const { board } = await boards.read('b')
        const fold = async (from: Board, after: string) =>
          (await feed.since('b', after, 500)).events.reduce(apply, from)
        expect(await fold(EMPTY, '0')).toEqual(board)
        expect(await fold(then.board, then.cursor)).toEqual(board)
        await feed.close()
      }),
      { numRuns: 30 },
    )
  })

  test('an emptied board takes no place, and there are as many as there may be', async () => {
    const feed = createFeed(log(), { rooms: 2 })
    const boards = createBoards(feed)
    await boards.change('b', 'Ada', create('a'))
    await boards.change('c', 'Ada', create('a'))
    await expect(boards.change('d', 'Ada', create('a'))).rejects.toBeInstanceOf(RoomsFull)
    await boards.change('c', 'Ada', create('b'))
    await boards.change('b', 'Ada', remove('a'))
    expect((await boards.read('b')).board).toEqual(EMPTY)
    await feed.close()
  })
})

test('where many boards have outlived their events there is room for no further one', async () => {
  const feed = createFeed(memoryLog({ events: 0, ageMs: Infinity }), { rooms: 2 })
  const boards = createBoards(feed)
  await boards.change('b', 'Ada', create('a'))
  await boards.change('c', 'Ada', create('a'))
  await expect(boards.change('d', 'Ada', create('a'))).rejects.toThrow('2 boards have something on them already.')
  await feed.close()
})

test('a board is there after a restart that found all of its events too old', async () => {
  const file = join(folder, 'restarted.db')
  const first = createFeed(sqliteLog(file))
  const boards = createBoards(first)
  await boards.change('b', 'Ada', create('a'), 'k')
  await boards.change('b', 'Ada', move('a', 'doing'))
  const before = await boards.read('b')
  await first.close()
  // Opening forgets what is too old; here that is all.
  const second = createFeed(sqliteLog(file, { events: 1000, ageMs: 0 }))
  expect((await second.since('b', '0', 10)).events).toEqual([])
  const after = createBoards(second)
  expect(await after.read('b')).toEqual(before)
  await after.change('b', 'Bo', move('a', 'done'))
  expect((await after.read('b')).board.tasks).toMatchObject([{ id: 'a', list: 'done' }])
  await second.close()
})

test('a log that keeps no boards says so', async () => {
  const { states: _, ...log } = memoryLog()
  const feed = createFeed(log)
  await expect(createBoards(feed).change('b', 'Ada', create('a'))).rejects.toThrow('This log keeps no boards.')
  await feed.close()
})
