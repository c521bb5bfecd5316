import { ask, cut, listen, print, sandbox, show, under, wait } from '../kit/looking.ts'
import type { Looks } from '../kit/looking.ts'

const BOARD = `${sandbox}/boards/lesson-18`

export const looks: Looks = {
  /** Refuses WebSockets for six seconds, and cuts the open ones. */
  async firewall() {
    await under({ firewall: true }, async () => {
      await cut('FIN')
      await wait(6000)
    })
  },

  /** A snapshot, the stream after it, and two people who change one task at the same moment. */
  async two() {
    await change({ user: 'Ada', type: 'task_created', task: { id: 'sail', title: 'Mend the sail' } })
    const { cursor } = JSON.parse((await ask(BOARD)).text)
    const { opened, ended } = listen('stream', `${sandbox}/feed/lesson-18/sse?after=${cursor}`, 2000)
    await opened
    await Promise.all([
      change({ user: 'Ada', type: 'task_updated', task: { id: 'sail', list: 'doing' } }),
      change({ user: 'Ben', type: 'task_updated', task: { id: 'sail', list: 'done', title: 'Sew the sail' } }),
    ])
    await ended
    await show(BOARD)
    const gone = await change({ user: 'Ada', type: 'task_updated', task: { id: 'gone', list: 'done' } })
    print('moving a task that does not exist:', gone)
  },

  /** A hundred pages fetch the board. After 200 ms they ask for the current end of the room. */
  async holes() {
    const board = `${sandbox}/boards/lesson-18-holes`
    const now = `${sandbox}/feed/lesson-18-holes/poll`
    const cursorAt = async (url: string): Promise<string> => JSON.parse((await ask(url)).text).cursor
    const over = new AbortController()
    let holes = 0
    const others = async () => {
      for (let i = 1; !over.signal.aborted; i += 1) {
        await change({ user: 'Ben', type: 'task_created', task: { title: `task ${i}` } }, board)
        await wait(-200 * Math.log(Math.random()))
      }
    }
    const page = async () => {
      const snapshot = await cursorAt(board)
      await wait(200)
      if ((await cursorAt(now)) !== snapshot) holes += 1
    }
    const changing = others()
    const pages: Promise<void>[] = []
    for (let i = 0; i < 100; i += 1) {
      await wait(80)
      pages.push(page())
    }
    await Promise.all(pages)
    over.abort()
    print(holes, 'of 100 pages miss a change at the beginning')
    await changing
  },
}

const change = async (body: object, board = BOARD): Promise<number> =>
  (await ask(board, { method: 'POST', body })).status
