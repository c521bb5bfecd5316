import { ask, cursorOf, print, publish, sandbox } from '../kit/looking.ts'
import type { Looks } from '../kit/looking.ts'

export const looks: Looks = {
  /** The bytes of a poll without a message, and of a poll with one message. */
  async bytes() {
    const url = `${sandbox}/feed/lesson-17/poll?after=${await cursorOf('lesson-17')}`
    await poll(url)
    await publish('lesson-17')
    await poll(url)
  },
}

async function poll(url: string): Promise<void> {
  const { bytes } = await ask(url)
  print(`${bytes.request} up, ${bytes.head} + ${bytes.body} down`)
}
