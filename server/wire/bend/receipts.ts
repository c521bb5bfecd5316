/**
 * Calls a writer back when the kernel has taken the bytes of the write. A link accepts a write long before the kernel
 * takes its bytes. If bytes counted as sent when the link accepts them, the count would include bytes that a cut
 * destroys.
 */
export type SentCallback = (error?: Error | null) => void

export interface Receipts {
  /**
   * Notes that a writer has written `bytes` more bytes. Returns a function that registers the callback of this write.
   */
  expect(bytes: number): (done: SentCallback) => void
  /** Notes that the kernel has taken `bytes` more bytes. */
  sent(bytes: number): void
  /** Calls every waiting callback with an error. */
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
