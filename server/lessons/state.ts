/** State of the running lesson, as the kit (`lessons/kit/runner.ts`) sends it to pages. Types only. */

export interface LessonState {
  readonly lesson: string
  readonly title: string
  readonly files: readonly string[]
  readonly is: 'starting' | 'checking' | 'waiting' | 'stopped'
  /** A sentence about the latest event. */
  readonly said: string
  /** URL of the student's server, as a lane shows it; null while the server does not run. */
  readonly yours: string | null
  /**
   * Transport that the student's server serves. Null if the student's server serves no transport and so has no lane.
   */
  readonly transport: string | null
  readonly results: readonly LessonResult[]
  /** Time at which the last check ended, by the wall clock of the kit's machine. */
  readonly checkedAtMs: number | null
  /** How many rungs of the hint the page shows; see `hint`. */
  readonly rungs: number
  /** The bug hunt that runs in place of the lesson's exercise; null if no bug hunt runs. */
  readonly hunt: { readonly number: number; readonly of: number } | null
  /** The program of the section *Look* that a page has started last; null if there is none. */
  readonly looking: LookState | null
  readonly course: readonly { readonly name: string; readonly isDone: boolean }[]
}

export interface LookState {
  /** Name of the program, such as `held`. */
  readonly name: string
  /** The last part of its output. */
  readonly text: string
  readonly isOver: boolean
}

/** The state that this server sends to a page. */
export interface ToldLesson extends LessonState {
  /**
   * Shortest time in ms that the hop to the student's server adds in each direction; null before the first
   * connection.
   */
  readonly hopMs: number | null
  /**
   * Time from the end of the last check until the server sends this state. A time of day would be wrong on a machine
   * with a different clock.
   */
  readonly checkedAgoMs: number | null
}

export interface LessonResult {
  readonly exercise: string
  readonly check: string
  readonly title: string
  readonly verdict: 'pass' | 'fail' | 'could not tell'
  readonly ms: number
  /** Null if the check passed. */
  readonly finding: LessonFinding | null
}

export interface LessonFinding {
  readonly saw: string
  readonly bytes?: string
  /** Index in `bytes` of the first wrong byte. */
  readonly at?: number
  readonly wanted?: string
  readonly why?: string
  /** File and line, such as `short-poll.ts:12`. */
  readonly where?: string
  /** Hint in three rungs: what was observed, where to look, which idea is missing. */
  readonly hint: readonly string[] | null
}

/** Wishes of a page. */
export type LessonWish =
  /** Run the checks now, show one more rung of the hint, or begin a bug hunt or end it. */
  | 'check'
  | 'hint'
  | 'hunt'
  /** Run a program of the section *Look*, or stop the program that runs. */
  | { readonly look: string | null }
  /** Leave the lesson that runs, and start this one. */
  | { readonly start: string }
