/** What the kit tells of the lesson that runs (`lessons/kit/runner.ts`), as far as a page needs it. Types only. */

export interface LessonState {
  readonly lesson: string
  readonly title: string
  readonly files: readonly string[]
  readonly is: 'starting' | 'checking' | 'waiting' | 'stopped'
  /** A sentence about the last thing that happened. */
  readonly said: string
  /** Where the student's server is, as a lane beside the others; null while it does not run. */
  readonly yours: string | null
  /** Which transport that lane speaks; null where it is no transport, and so no lane. */
  readonly transport: string | null
  readonly results: readonly LessonResult[]
  readonly checkedAtMs: number | null
  /** How many rungs of the hint are shown. */
  readonly rungs: number
  readonly course: readonly { readonly name: string; readonly isDone: boolean }[]
}

/** What a page is told. */
export interface ToldLesson extends LessonState {
  /** Where the student's server is reached over the sandbox's wire. */
  readonly way: string | null
  /** What that detour costs each way at the least, in ms, as measured when connecting; null before the first time. */
  readonly hopMs: number | null
}

export interface LessonResult {
  readonly exercise: string
  readonly check: string
  readonly title: string
  readonly verdict: 'pass' | 'fail' | 'could not tell'
  readonly ms: number
  /** Null where the check passes. */
  readonly finding: LessonFinding | null
}

export interface LessonFinding {
  readonly saw: string
  readonly bytes?: string
  /** Where in `bytes` the first wrong one is. */
  readonly at?: number
  readonly wanted?: string
  readonly why?: string
  /** `short-poll.ts:12` */
  readonly where?: string
  /** What was seen, where to look, the idea behind it. */
  readonly hint: readonly string[] | null
}

/** What a page may ask of the kit: to check now, to show one more rung of the hint. */
export type LessonWish = 'check' | 'hint'
