import { cut, print, printable, sandbox, shakeHands, wait, yoursIn } from '../kit/looking.ts'
import type { Looks } from '../kit/looking.ts'

export const looks: Looks = {
  fin: () => cut('FIN'),

  rst: () => cut('RST'),

  /** A client that only listens. After a second, its connection falls into a black hole. */
  async hole() {
    const listening = shakeHands(`${sandbox}/feed/lesson-13/ws`, 5000)
    await wait(1000)
    await cut('black hole')
    const { frames, ms, isEnded } = await listening
    print(printable(frames))
    print(
      `The client stopped after ${(ms / 1000).toFixed(1)} s. ${isEnded ? 'It noticed' : 'It did not notice'} that its connection was lost.`,
    )
  },

  /** The first messages of the student's own server. */
  async yours() {
    print(printable((await shakeHands(`${yoursIn(13)}/feed/lesson-13/ws`, 1000)).frames))
  },
}
