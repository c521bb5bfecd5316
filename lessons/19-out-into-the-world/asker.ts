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

interface Page {
  asked: Asked
  readonly stop: AbortController
}

/** Pages by their number; a check opens a second one to ask two questions at once. */
const pages = new Map<number, Page>()

/** Asks. `stopAfter`: number of pieces after which the page presses Stop; 0 for never. */
export function begin(number: number, url: string, question: string, stopAfter: number): void {
  const page: Page = { asked: { text: '', end: 'none', message: '' }, stop: new AbortController() }
  pages.set(number, page)
  let pieces = 0
  const onText = (text: string): void => {
    page.asked = { ...page.asked, text: page.asked.text + String(text) }
    pieces += 1
    if (pieces === stopAfter) page.stop.abort()
  }
  // The call is inside the function of a promise, so that an error that is thrown at once is a rejection as well.
  new Promise((resolve) => resolve(ask(url, question, { onText, signal: page.stop.signal }))).then(
    () => (page.asked = { ...page.asked, end: 'resolved' }),
    (error: unknown) => {
      page.asked = { ...page.asked, end: 'rejected', message: error instanceof Error ? error.message : String(error) }
    },
  )
}

export const seen = (number: number): Asked | null => pages.get(number)?.asked ?? null
export const abort = (number: number): void => pages.get(number)?.stop.abort()
