import type { DrawerContent } from '../session/address.ts'

/** Actions of the whole page, which its parts can call. */
export interface Controls {
  /** Shows a sentence in the status line for 9 s. */
  say(sentence: string): void
  /**
   * Shows a sentence in the status line: a description of the mark under the mouse pointer. The sentence stays until
   * the next call.
   */
  readOut(sentence: string): void
  pause(): void
  /** Changes the zoom by one step: up if `factor` is greater than 1, otherwise down. Returns the new zoom. */
  zoomBy(factor: number): number
  open(what: DrawerContent): void
  close(): void
}
