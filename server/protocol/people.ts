/** Types of signing in and moderation. */

/** What `GET /session` answers. */
export interface SessionAnswer {
  /** Is signing in on? */
  readonly auth: boolean
  /** Has each person a code of their own, in place of the class's password? */
  readonly roster: boolean
  readonly user: string | null
  /** When the session expires, by the server's wall clock; null without a session. */
  readonly untilMs: number | null
  readonly instructor: boolean
}

/** What `GET /moderation` answers. */
export interface Moderation {
  /** Names of the people who are signed in. */
  readonly signedIn: readonly string[]
  readonly people: readonly { readonly user: string; readonly is: 'muted' | 'removed' }[]
}
