/** What a lesson's `check.ts` exports: what is to be hosted, and the checks. Read this first, then `trial.ts`. */
import type { Trial } from './trial.ts'

export interface Exercise {
  /** Its name in reports and in the progress; also the name of the file, without `.ts`. */
  readonly name: string
  readonly hosted: Hosted
  /** A server in the lesson’s own folder, without `.ts`, that runs beside the student’s: somebody to meet in a browser. */
  readonly beside?: string
  /** From the ground up: the first that fails is the one that the student is shown. */
  readonly checks: readonly Check[]
}

/** How the student's file is run. It always has a process of its own. */
export type Hosted =
  /**
   * It exports a `Transport` of this name, which is served over a feed that the check controls.
   * `isFrozen`: its time stands still from its first line on, so that `tick` moves every timer it has.
   */
  | { readonly kind: 'transport'; readonly exported: string; readonly isFrozen?: true }
  /**
   * It is a whole server that listens on `process.env.PORT`; ready when that port takes connections.
   * With Redis it finds one at `process.env.REDIS_URL`, and may be started a second time beside it.
   * `isFrozen`: as above.
   */
  | { readonly kind: 'server'; readonly with?: 'redis'; readonly isFrozen?: true }
  /** It exports functions, which the check calls with `trial.call`. */
  | { readonly kind: 'functions' }
  /**
   * It exports a function of this name that is a client: called with a `Target` and a `Listener` (`hosted/clients.ts`),
   * it opens WebSockets and answers what ends it. Its time stands still from its first line on.
   */
  | { readonly kind: 'client'; readonly exported: string }
  /**
   * It is a part of something larger, and exports this name among others. `inPlaceOf`: the file whose place it takes,
   * whoever imports that; `of`: the program that it is a part of, in the lesson's own folder. Both are absolute paths.
   * The check calls what that program exports with `trial.call`. `isFrozen` as above.
   */
  | {
      readonly kind: 'part'
      readonly exported: string
      readonly inPlaceOf: string
      readonly of: string
      readonly isFrozen?: true
    }

export interface Check {
  /** Stable, `a-z0-9-`, at most 32 of them: the name of the room in which it runs, too. */
  readonly name: string
  /** What a right program does, as a fact: "Delivers what was published in the gap". */
  readonly title: string
  /** By names of the check's own; a finding names the one that fits what was seen. */
  readonly hints: Readonly<Record<string, Hint>>
  /** How long it may take before it is given up, for one that starts a process of its own. Default: 12 s. */
  readonly withinMs?: number
  /** Returns where the program is right; throws `Wrong` where not, and `Unclear` where that cannot be told. */
  run(trial: Trial): Promise<void>
}

/** What was seen · where to look · the idea behind it. Sentences, never code. */
export type Hint = readonly [seen: string, where: string, idea: string]

export type Verdict = 'pass' | 'fail' | 'could not tell'

/** What a check saw that is not right. */
export interface Finding {
  /** One or two sentences that end where the bytes begin: "42 was published in the gap. You answered:" */
  readonly saw: string
  /** What crossed the wire, as lines of text. */
  readonly bytes?: string
  /** Where in `bytes` the first wrong one is; without it there is no caret. */
  readonly at?: number
  /** What should have stood there. */
  readonly wanted?: string
  readonly why?: string
  /** A name in the check's `hints`, or the rungs themselves. */
  readonly hint: string | Hint
}

/** Thrown by a check: the program does not do what its title says. */
export class Wrong extends Error {
  readonly finding: Finding

  constructor(finding: Finding) {
    super(finding.saw)
    this.finding = finding
  }
}

/** … and kept the check waiting in vain, which it would do again. */
export class Late extends Wrong {}

/** Thrown by a check that never got as far as its question. The message says why, as a sentence. */
export class Unclear extends Error {}
