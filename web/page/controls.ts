import type { DrawerContent } from '../session/address.ts'

/** Actions that parts of the page ask the page to do. */
export interface Controls {
  /** Shows a sentence in the status line for 9 s. */
  say(sentence: string): void
  /** Shows a sentence about the mark under the pointer in the status line. The sentence stays until the next call. */
  readOut(sentence: string): void
  pause(): void
  /** Changes the zoom by one step: up if `factor` is greater than 1, otherwise down. Returns the new zoom. */
  zoomBy(factor: number): number
  open(what: DrawerContent): void
  close(): void
}
