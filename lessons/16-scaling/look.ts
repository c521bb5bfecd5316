import { listen, publish, wait, yoursIn } from '../kit/looking.ts'
import type { Looks } from '../kit/looking.ts'
import { measureConnections } from './connections.ts'

const yours = yoursIn(16)

export const looks: Looks = {
  /** The memory of three hundred connections of each kind. */
  connections: measureConnections,

  /** Two clients of the student's own server. */
  async yours() {
    const { opened, ended } = listen('client', `${yours}/feed/lesson-16/sse`, 2000)
    await opened
    await wait(500)
    await publish('lesson-16', 'one', yours)
    await ended
  },
}
