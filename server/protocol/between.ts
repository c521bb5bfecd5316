/** Type of the response to `GET /between/poll` and `GET /between/hold`. */
export interface BetweenAnswer {
  /** Version of Fourwire. The response of any other server does not have this member. */
  readonly fourwire: string
  /** Sentence with which this server refuses the page everywhere else; null if it does not refuse the page. */
  readonly refuses: string | null
}
