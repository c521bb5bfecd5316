import { cursorOf, publish, sandbox, set, show, wait, yoursIn } from '../kit/looking.ts'
import type { Looks } from '../kit/looking.ts'

const polled = async (origin: string, seconds: number) =>
  show(`${origin}/feed/lesson-4/long-poll?after=${await cursorOf('lesson-4')}&wait=${seconds}`)

export const looks: Looks = {
  /** A delay of 100 ms in each direction. */
  slow: () => set({ ratePerSecond: 1, conditions: { latencyMs: 100 } }),

  fast: () => set({ conditions: { latencyMs: 0 } }),

  /** A poll that the server holds for a second, in an empty room. */
  async empty() {
    await polled(sandbox, 1)
  },

  /** A held poll that ends when a message is published. */
  async held() {
    const answered = polled(sandbox, 5)
    await wait(1000)
    await publish('lesson-4')
    await answered
  },

  /** A poll that the student's own server holds for a second. */
  async yours() {
    await polled(yoursIn(4), 1)
  },
}
