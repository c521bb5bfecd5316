import { EventEmitter } from 'node:events'
import { cursorOf, listen, print, publish, sandbox, show, wait, yoursIn } from '../kit/looking.ts'
import type { Looks } from '../kit/looking.ts'

const BOARD = `${yoursIn(14)}/boards/lesson-14`

export const looks: Looks = {
  /** A stream and a held poll, open at the same time, and one message. */
  async both() {
    const { opened, ended } = listen('stream', `${sandbox}/feed/lesson-14/sse`, 3000)
    const polled = show(`${sandbox}/feed/lesson-14/long-poll?after=${await cursorOf('lesson-14')}&wait=3`, {}, 'poll')
    await opened
    await wait(500)
    await publish('lesson-14')
    await Promise.all([polled, ended])
  },

  /** Three listeners of Node's own bus. The second one throws. */
  async bus() {
    const bus = new EventEmitter()
    bus.on('board-1', () => print('the first listener is called'))
    bus.on('board-1', () => {
      throw new Error('There is no such address.')
    })
    bus.on('board-1', () => print('the third listener is called'))
    try {
      bus.emit('board-1')
    } catch (error) {
      print('and the route gets:', error instanceof Error ? error.message : error)
    }
  },

  /** Two held requests to the student's own server, and one change. */
  async yours() {
    const held = ['first', 'second'].map((name) => show(`${BOARD}/next`, {}, name))
    await wait(1000)
    await show(`${BOARD}/tasks`, { method: 'POST', body: { title: 'write to @nobody' } }, 'change')
    await Promise.race([Promise.all(held), wait(5000)])
    await show(BOARD)
    process.exit()
  },
}
