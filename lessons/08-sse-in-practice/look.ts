import { ask, listen, print, publish, sandbox, under } from '../kit/looking.ts'
import type { Looks } from '../kit/looking.ts'

const ROOM = `${sandbox}/feed/lesson-8`

export const looks: Looks = {
  /** A proxy that cuts the stream after two seconds of silence. */
  async silence() {
    const listening = async () => {
      const { ms } = await listen('client', `${ROOM}/sse`, 10_000).ended
      print(`The stream is over after ${(ms / 1000).toFixed(1)} s.`)
    }
    await under({ idleCutMs: 2000 }, listening, 'lesson-8')
  },

  /** A proxy that collects 8 KiB. The same message is requested with a stream and with a poll. */
  async buffered() {
    let ending: Promise<unknown> = Promise.resolve()
    const comparing = async () => {
      await publish('lesson-8')
      // This proxy holds back the head of the response, too.
      const { ended } = listen('', `${ROOM}/sse?after=0`, 2000)
      ending = ended.catch(() => {})
      const streamed = await Promise.race([
        ended,
        new Promise<{ text: string }>((resolve) => setTimeout(resolve, 2000, { text: '' })),
      ])
      print(Buffer.byteLength(streamed.text), 'bytes by stream')
      print((await ask(`${ROOM}/poll?after=0`)).bytes.body, 'bytes by poll')
    }
    await under({ bufferingBytes: 8192 }, comparing, 'lesson-8')
    await ending
  },
}
