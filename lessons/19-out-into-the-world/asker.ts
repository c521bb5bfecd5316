/** A page without a view: it asks with the student's function, and remembers what happens. The checks call it. */
import { ask } from './start/stream.ts'

// Node joins pieces that arrive while the program is busy. The checks depend on the borders of the pieces, so the fake
// server sends each piece with its length, and this `fetch` restores the pieces.
const fetchJoined = globalThis.fetch
globalThis.fetch = async (...asked) => {
  const response = await fetchJoined(...asked)
  return new Response(response.body?.pipeThrough(pieces()) ?? null, response)
}

/** Number of bytes of a length, which is a big-endian integer. */
const LENGTH_BYTES = 4

function pieces(): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let rest: Buffer = Buffer.alloc(0)
  return new TransformStream({
    transform(bytes, controller) {
      rest = Buffer.concat([rest, bytes])
      while (rest.length >= LENGTH_BYTES) {
        const end = LENGTH_BYTES + rest.readUInt32BE()
        if (rest.length < end) return
        controller.enqueue(Uint8Array.from(rest.subarray(LENGTH_BYTES, end)))
        rest = rest.subarray(end)
      }
    },
  })
}

export interface Asked {
  /** All pieces that the page was given, joined. */
  readonly text: string
  readonly end: 'none' | 'resolved' | 'rejected'
  /** Message of the error with which the function rejected. */
  readonly message: string
}

let asked: Asked = { text: '', end: 'none', message: '' }
let stop = new AbortController()

/** Asks. `stopAfter`: number of pieces after which the page presses Stop; 0 for never. */
export function begin(url: string, stopAfter: number): void {
  const stopped = new AbortController()
  stop = stopped
  asked = { text: '', end: 'none', message: '' }
  let pieces = 0
  const onText = (text: string): void => {
    asked = { ...asked, text: asked.text + String(text) }
    pieces += 1
    if (pieces === stopAfter) stopped.abort()
  }
  // The call is inside the function of a promise, so that an error that is thrown at once is a rejection as well.
  new Promise((resolve) => resolve(ask(url, 'Count from one to three.', { onText, signal: stopped.signal }))).then(
    () => (asked = { ...asked, end: 'resolved' }),
    (error: unknown) => {
      asked = { ...asked, end: 'rejected', message: error instanceof Error ? error.message : String(error) }
    },
  )
}

export const seen = (): Asked => asked
export const abort = (): void => stop.abort()
