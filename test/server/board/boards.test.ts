/** Tests of boards on both logs, also with a retention that deletes almost at once. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { createBoards } from '../../../server/board/boards.ts'
import type { Boards } from '../../../server/board/boards.ts'
import { FeedError } from '../../../server/http/errors.ts'
import { createFeed } from '../../../server/feed/feed.ts'
import { RETENTION } from '../../../server/feed/log.ts'
import type { Log, Retention } from '../../../server/feed/log.ts'
import { memoryLog } from '../../../server/feed/memory-log.ts'
import { sqliteLog } from '../../../server/feed/sqlite-log.ts'
import type { Board, Change } from '../../../server/protocol/board.ts'
import type { BoardAnswer } from '../../../server/protocol/board-answer.ts'
import { EMPTY, apply } from '../../../web/board/apply.ts'
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

const read = async (boards: Boards): Promise<BoardAnswer> => JSON.parse(String(await boards.readJson('b')))

const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof FeedError ? error.code : String(error)),
  )

/** Tries all changes. Changes that the rules refuse have no effect. */
async function tryAll(boards: Boards, changes: readonly Change[], key?: (i: number) => string): Promise<void> {
  await Promise.allSettled(changes.map((one, i) => boards.change('b', 'Ada', one, key?.(i))))
}

describe.each(LOGS)('a board on %s', (_name, log) => {
  test('has three lists and no task if nobody has changed it', async () => {
    const feed = createFeed(log())
    expect(await read(createBoards(feed))).toEqual({ cursor: `${feed.epoch}.0`, board: EMPTY })
    await feed.close()
  })

  test('applies simultaneous changes one after the other', async () => {
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
    const { board, cursor } = await read(boards)
    expect(board.tasks).toEqual([{ id: 'b', list: 'done', title: 'b', assignee: '', done: false }])
    expect(cursor).toBe(answers.at(-1)?.event.id)
    await feed.close()
  })

  test('accepts the next change after it has refused one', async () => {
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

  test('applies two changes with the same key only once, even if they come at once or the second is no longer possible', async () => {
    const feed = createFeed(log())
    const boards = createBoards(feed)
    const [first, again] = await Promise.all([1, 2].map(() => boards.change('b', 'Ada', create('a'), 'k')))
    expect(again).toEqual({ event: first?.event, repeated: true })
    await boards.change('b', 'Bo', move('a', 'done'))
    expect(await boards.change('b', 'Ada', create('a'), 'k')).toEqual({ event: first?.event, repeated: true })
    expect((await read(boards)).board.tasks).toMatchObject([{ list: 'done' }])
    expect(first?.event.key).toBe('k')
    await feed.close()
  })

  test('is converted to JSON only once for all readers until its room gets a new event', async () => {
    const feed = createFeed(log())
    const boards = createBoards(feed)
    await boards.change('b', 'Ada', create('a'))
    const first = await boards.readJson('b')
    expect(await boards.readJson('b')).toBe(first)
    await feed.publish('b', { type: 'message', user: 'Ada', text: 'hello' })
    expect(await read(boards)).toEqual({ ...JSON.parse(String(first)), cursor: `${feed.epoch}.2` })
    await boards.change('b', 'Ada', remove('a'))
    expect(await read(boards)).toEqual({ cursor: `${feed.epoch}.3`, board: EMPTY })
    await feed.close()
  })

  test('can be read from the log again after it was removed from memory', async () => {
    const feed = createFeed(log())
    const boards = createBoards(feed, 1000)
    for (const room of ['b', 'c']) await boards.change(room, 'Ada', create(room, 'x'.repeat(200)))
    for (const room of ['d', 'e', 'f']) await boards.change(room, 'Ada', create(room, 'x'.repeat(200)))
    expect((await read(boards)).board.tasks).toMatchObject([{ id: 'b' }])
    await feed.close()
  })

  test('stays complete when the log deletes old events because there are too many', async () => {
    const feed = createFeed(log({ events: 3, ageMs: Infinity }))
    const boards = createBoards(feed)
    for (let i = 0; i < 20; i++) await boards.change('b', 'Ada', create(`t${i}`))
    // Other events of the room push out all of the board's events.
    for (let i = 0; i < 5; i++) await feed.publish('b', { type: 'tick' })
    const { board, cursor } = await read(boards)
    expect(board.tasks.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, i) => `t${i}`))
    // A reader can continue from this cursor without a gap.
    expect(await feed.since('b', cursor, 10)).toMatchObject({ gap: false, events: [] })
    await feed.close()
  })

  test('stays complete when the log deletes old events because of their age', async () => {
    const feed = createFeed(log({ events: 1000, ageMs: 0 }))
    const boards = createBoards(feed)
    await boards.change('b', 'Ada', create('a'))
    await boards.change('b', 'Ada', create('b'))
    expect((await read(boards)).board.tasks).toHaveLength(2)
    await feed.close()
  })

  test('equals the result of its events after random changes, from any cursor on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 30 }), fc.nat(20), async (changes, seen) => {
        const feed = createFeed(log())
        const boards = createBoards(feed)
        await tryAll(boards, changes.slice(0, seen), String)
        const then = await read(boards)
        await tryAll(boards, changes.slice(seen))
        const { board } = await read(boards)
        const fold = async (from: Board, after: string) =>
          (await feed.since('b', after, 500)).events.reduce(apply, from)
        expect(await fold(EMPTY, '0')).toEqual(board)
        expect(await fold(then.board, then.cursor)).toEqual(board)
        await feed.close()
      }),
      { numRuns: 30 },
    )
  })

  test('replaces the smallest board without readers if there are too many boards', async () => {
    const feed = createFeed(log(), { rooms: 3 })
    const boards = createBoards(feed)
    for (const [room, title] of [
      ['b', 'x'],
      ['large', 'x'.repeat(100)],
      ['small', 'x'],
    ] as const)
      await boards.change(room, 'Ada', create('a', title))
    feed.follow(
      'b',
      '0',
      () => {},
      () => expect.unreachable(),
    )
    await boards.change('new', 'Ada', create('a', 'x'.repeat(10)))
    const of = async (room: string): Promise<BoardAnswer> => JSON.parse(String(await boards.readJson(room)))
    expect((await of('small')).board).toEqual(EMPTY)
    for (const room of ['b', 'large', 'new']) expect((await of(room)).board.tasks).toHaveLength(1)
    await feed.close()
  })

  test('is deleted after a month without a change, even if the server did not run during that time', async () => {
    const path = join(folder, `${++files}.db`)
    const kept = _name === 'sqlite-log' ? () => sqliteLog(path, { ...RETENTION, stateAgeMs: 0 }) : null
    const first = createFeed(kept ? sqliteLog(path) : memoryLog({ ...RETENTION, stateAgeMs: 0 }))
    await createBoards(first).change('b', 'Ada', create('a'))
    if (kept) await first.close()
    await new Promise((resolve) => setTimeout(resolve, 5))
    const second = kept ? createFeed(kept()) : first
    expect((await read(createBoards(second))).board).toEqual(EMPTY)
    await second.close()
  })
})

test('above the limit, a new board is refused if all other boards have readers', async () => {
  const feed = createFeed(memoryLog({ events: 0, ageMs: Infinity }), { rooms: 1 })
  const boards = createBoards(feed)
  await boards.change('b', 'Ada', create('a'))
  feed.follow(
    'b',
    '0',
    () => {},
    () => expect.unreachable(),
  )
  await expect(boards.change('d', 'Ada', create('a'))).rejects.toThrow('1 boards already have lists or tasks.')
  await feed.close()
})

test('a board is still complete if all its events have become too old when the server restarts', async () => {
  const file = join(folder, 'restarted.db')
  const first = createFeed(sqliteLog(file))
  const boards = createBoards(first)
  await boards.change('b', 'Ada', create('a'), 'k')
  await boards.change('b', 'Ada', move('a', 'doing'))
  const before = await read(boards)
  await first.close()
  // Opening the log deletes events that are too old, which are all of them here.
  const second = createFeed(sqliteLog(file, { events: 1000, ageMs: 0 }))
  expect((await second.since('b', '0', 10)).events).toEqual([])
  const after = createBoards(second)
  expect(await read(after)).toEqual(before)
  await after.change('b', 'Bo', move('a', 'done'))
  expect((await read(after)).board.tasks).toMatchObject([{ id: 'a', list: 'done' }])
  await second.close()
})

test('a board on a log that cannot store states refuses every change', async () => {
  const { states: _, ...log } = memoryLog()
  const feed = createFeed(log)
  await expect(createBoards(feed).change('b', 'Ada', create('a'))).rejects.toThrow('This log cannot store boards.')
  await feed.close()
})
