import { ask, listen, print, publish, sandbox, set } from '../kit/looking.ts'
import type { Looks } from '../kit/looking.ts'

const ROOM = `${sandbox}/feed/lesson-8`

export const looks: Looks = {
  /** A proxy that cuts the stream after two seconds of silence. */
  async silence() {
    await set({ conditions: { idleCutMs: 2000 } }, 'lesson-8')
    const { ms } = await listen('client', `${ROOM}/sse`, 10_000).ended
    print(`The stream is over after ${(ms / 1000).toFixed(1)} s.`)
    await set({ conditions: { idleCutMs: 0 } }, 'lesson-8')
  },

  /** A proxy that collects 8 KiB. The same message is requested with a stream and with a poll. */
  async buffered() {
    await set({ conditions: { bufferingBytes: 8192 } }, 'lesson-8')
    await publish('lesson-8')
    // This proxy holds back the head of the response, too.
    const { ended } = listen('', `${ROOM}/sse?after=0`, 2000)
    const streamed = await Promise.race([
      ended,
      new Promise<{ text: string }>((resolve) => setTimeout(resolve, 2000, { text: '' })),
    ])
    print(Buffer.byteLength(streamed.text), 'bytes by stream')
    print((await ask(`${ROOM}/poll?after=0`)).bytes.body, 'bytes by poll')
    await set({ conditions: { bufferingBytes: 0 } }, 'lesson-8')
    await ended.catch(() => {})
  },
}
