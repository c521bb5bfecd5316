/** Types of the responses about signing in and moderation. */

/** Response of `GET /session`. */
export interface SessionAnswer {
  /** True if the server requires that people sign in. */
  readonly auth: boolean
  /** True if each person signs in with a personal code. False if all people use the class's password. */
  readonly roster: boolean
  readonly user: string | null
  /** Time at which the session expires, by the server's wall clock. Null if the client has no session. */
  readonly untilMs: number | null
  readonly instructor: boolean
}

/** Response of `GET /moderation`. */
export interface Moderation {
  /** Names of the people who are signed in now. */
  readonly signedIn: readonly string[]
  readonly people: readonly { readonly user: string; readonly is: 'muted' | 'removed' }[]
}
