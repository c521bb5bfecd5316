import { ask, cursorOf, print, publish, sandbox, show } from '../kit/looking.ts'
import type { Looks } from '../kit/looking.ts'

const ROOM = `${sandbox}/feed/lesson-3`

export const looks: Looks = {
  /** A client that has everything asks again. */
  async again() {
    await publish('lesson-3')
    await show(`${ROOM}/poll?after=${await cursorOf('lesson-3')}`)
  },

  /** The bytes of this request and of the head of its response. */
  async bytes() {
    const { bytes } = await ask(`${ROOM}/poll?after=${await cursorOf('lesson-3')}`)
    print(`${bytes.request} up, ${bytes.head} down`)
  },
}
