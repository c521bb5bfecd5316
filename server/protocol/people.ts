/** Types of signing in and moderation. */

/** Response of `GET /session`. */
export interface SessionAnswer {
  /** True if people have to sign in. */
  readonly auth: boolean
  /** True if each person has a code of their own, in place of the class's password. */
  readonly roster: boolean
  readonly user: string | null
  /** Time at which the session expires, by the server's wall clock; null without a session. */
  readonly untilMs: number | null
  readonly instructor: boolean
}

/** Response of `GET /moderation`. */
export interface Moderation {
  /** Names of the people who are signed in. */
  readonly signedIn: readonly string[]
  readonly people: readonly { readonly user: string; readonly is: 'muted' | 'removed' }[]
}
