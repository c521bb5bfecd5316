import { createHash } from 'node:crypto'
import { print, publish, sandbox, shakeHands } from '../kit/looking.ts'
import type { Looks } from '../kit/looking.ts'

export const looks: Looks = {
  /** Makes the handshake by hand, and prints the bytes that the server sends. */
  async bytes() {
    await publish('lesson-9')
    const { head, frames } = await shakeHands(`${sandbox}/feed/lesson-9/ws?last=1`, 1000)
    print(head)
    for (let at = 0; at < frames.length; at += 16) {
      const line = frames.subarray(at, at + 16)
      const hex = Array.from(line, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
      print(String(at).padStart(7, '0'), hex.padEnd(48), line.toString('latin1').replace(/[^ -~]/g, '.'))
    }
  },

  /** The accept value of a key. */
  async accept() {
    const text = 'dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
    print(createHash('sha1').update(text).digest('base64'))
  },
}
