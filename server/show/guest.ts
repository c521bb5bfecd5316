/** A page that takes part in the show. It may be connected to another process than the one that runs the show. */

export interface ShowGuest {
  /** Room of the lab to which the page is connected. */
  readonly room: string
  /** Name of the page. A page that reconnects gives the same name. */
  readonly pageName: string | undefined
  readonly isOpen: boolean
  readonly isInstructor: boolean
  /** Number of bytes that wait to be sent to the page. */
  readonly waitingBytes: number
  send(text: string): void
  /** Charges the cost of a message to the client of the page. */
  charge(cost: number): void
  /** Notes that another page has taken the seat of this page. */
  unseat(): void
}
