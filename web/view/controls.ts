import type { Opened } from '../state/address.ts'

/** What the parts of the page ask of the page as a whole. */
export interface Controls {
  /** A sentence in the status line, for 9 s. */
  say(sentence: string): void
  /** What lies under the pointer, in the same place, until it lies there no more. */
  readOut(sentence: string): void
  pause(): void
  /** Answers the zoom that it became. */
  zoomBy(factor: number): number
  open(what: Opened): void
  close(): void
}
