import type { DrawerContent } from '../session/address.ts'

/** Actions that the parts of the page request from the page. */
export interface Controls {
  /** Shows a sentence in the status line for 9 s. */
  say(sentence: string): void
  /** Shows a sentence about the mark under the pointer in the status line, until the next call. */
  readOut(sentence: string): void
  pause(): void
  /** Changes the zoom and returns the new value. */
  zoomBy(factor: number): number
  open(what: DrawerContent): void
  close(): void
}
