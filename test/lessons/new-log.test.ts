import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lessonOf, proofOf, variantsOf } from '../../lessons/kit/course.ts'
import type { BoardAnswer } from '../../server/protocol/board-answer.ts'
import { until } from '../until.ts'

const LESSON = lessonOf('18')
const folders = [
  join(LESSON.folder, 'solution'),
  ...variantsOf(LESSON).map((name) => join(proofOf(LESSON), 'variants', name)),
]

test.each(folders.map((folder) => [folder.split('/').at(-1), folder]))(
  'lesson 18: after the log has begun again, the board of %s shows no change that only the old log accepted',
  async (_name, folder) => {
    const { openBoard } = (await import(join(String(folder), 'board.ts'))) as {
      openBoard(parts: object): { readonly board: BoardAnswer['board'] | null; change(change: object): void }
    }
    const lists = [{ id: 'todo', title: 'To do' }]
    let answer: BoardAnswer = { cursor: 'old.7', board: { lists, tasks: [] } }
    let gap = () => {}
    const page = openBoard({
      read: async () => answer,
      follow: (_after: string, listener: { gap(): void }) => {
        gap = () => listener.gap()
        return () => {}
      },
      // The server accepts the change, and its log is lost before the event arrives.
      send: (_key: string, _change: object, answer: { accepted(id: string): void }) => answer.accepted('old.9'),
      newKey: () => 'k1',
    })
    await until('the page has the board', async () => page.board !== null)
    page.change({ type: 'task_created', task: { id: 'a', title: 'a', list: 'todo' } })
    expect(page.board?.tasks).toHaveLength(1)
    answer = { cursor: 'new.20', board: { lists, tasks: [] } }
    gap()
    await until('the page has the new board', async () => page.board?.tasks.length === 0)
  },
)
