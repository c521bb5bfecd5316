/**
 * Tells writers when the kernel has their bytes. A link takes a write long before that; whoever
 * counts what was sent must not count what was taken and is lost at a cut.
 */
export type Done = (error?: Error | null) => void

export interface Receipts {
  /** So many bytes are being written. Answers what asks to be told of them. */
  expect(bytes: number): (done: Done) => void
  /** So many more bytes are with the kernel. */
  sent(bytes: number): void
  /** No more will be: whoever waits is told so. */
  giveUp(): void
}

export function createReceipts(): Receipts {
  let expectedBytes = 0
  let sentBytes = 0
  let waiting: { readonly atBytes: number; readonly done: Done }[] = []

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
      const left = waiting
      waiting = []
      for (const { done } of left) done(new Error('The connection ended before the kernel had these bytes.'))
    },
  }
}
