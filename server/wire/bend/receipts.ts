/**
 * Calls writers back when the kernel has their bytes. A link accepts a write long before that. If bytes counted as
 * sent as soon as the link accepts them, bytes that a cut destroys would be counted too.
 */
export type SentCallback = (error?: Error | null) => void

export interface Receipts {
  /** Notes that `bytes` are written. Returns a function that registers a callback for them. */
  expect(bytes: number): (done: SentCallback) => void
  /** Notes that the kernel has taken `bytes` more bytes. */
  sent(bytes: number): void
  /** Calls every waiting callback, and gives it an error. */
  giveUp(): void
}

export function createReceipts(): Receipts {
  let expectedBytes = 0
  let sentBytes = 0
  let waiting: { readonly atBytes: number; readonly done: SentCallback }[] = []

  return {
    expect(bytes) {
      const atBytes = (expectedBytes += bytes)
      return (done) => {
        if (sentBytes >= atBytes) done()
        else waiting.push({ atBytes, done })
      }
    },
    sent(bytes) {
      sentBytes += bytes
      while (waiting[0] && waiting[0].atBytes <= sentBytes) waiting.shift()?.done()
    },
    giveUp() {
      const unsent = waiting
      waiting = []
      for (const { done } of unsent) done(new Error('The connection ended before the kernel had these bytes.'))
    },
  }
}
