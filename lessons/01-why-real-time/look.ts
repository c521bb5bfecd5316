import { ask, cursorOf, listen, print, publish, sandbox, set, wait } from '../kit/looking.ts'
import type { Looks } from '../kit/looking.ts'

const ROOM = `${sandbox}/feed/lesson-1`

export const looks: Looks = {
  /** A delay of 100 ms in each direction, and five messages a second. */
  slow: () => set({ ratePerSecond: 5, conditions: { latencyMs: 100 } }),

  fast: () => set({ ratePerSecond: 1, conditions: { latencyMs: 0 } }),

  /** A client that asks once a second in a room where nothing happens. */
  async asking() {
    const cursor = await cursorOf('lesson-1')
    for (let second = 1; second <= 3; second += 1) {
      print((await ask(`${ROOM}/poll?after=${cursor}`)).status)
      await wait(1000)
    }
  },

  /** A client that asks once and gets a message. */
  async pushed() {
    const { opened, ended } = listen('client', `${ROOM}/sse`, 2000)
    await opened
    await publish('lesson-1')
    await ended
  },
}
