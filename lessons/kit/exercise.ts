/** The exercises that a lesson's `check.ts` exports: how the student's file is run, and its checks. Read this first, then `trial.ts`. */
import type { Hint } from './finding.ts'
import type { HostedFile } from './hosted/kinds.ts'
import type { Trial } from './trial.ts'

export interface Exercise extends HostedFile {
  /** Companion program: a server in the lesson’s folder, named without `.ts`, that runs while the lesson does. */
  readonly companion?: string
  /** Time limit of a check, for checks that start processes. Default: 12 s. */
  readonly withinMs?: number
  /** Checks in the order in which a student solves them, because the report shows the first one that fails. */
  readonly checks: readonly Check[]
}

export interface Check {
  /** Stable name of at most 32 characters from `a-z0-9-`; also the name of the room in which the check runs. */
  readonly name: string
  /** What a correct program does, as a fact: "Delivers a message that was published in the gap". */
  readonly title: string
  /** Hints by name; a finding names the one that fits what was observed. */
  readonly hints: Readonly<Record<string, Hint>>
  /** Returns if the program is right; throws `Wrong` if it is not, and `Unclear` if that cannot be decided. */
  run(trial: Trial): Promise<void>
}

/** Title and hints of each check of a lesson, by exercise and by check; exported by its `hints.ts`. */
export type Words = Readonly<Record<string, Readonly<Record<string, CheckWords>>>>

/** The title of a check, and its hints by their names. */
type CheckWords = { readonly title: string } & Readonly<Record<string, string | Hint>>

/** Joins checks with their words, in the order of `runs`. A check without words does not compile, and neither do words without a check. */
export function checksFrom<W extends Readonly<Record<string, CheckWords>>>(
  words: W,
  runs: { readonly [Name in keyof NoInfer<W>]: Check['run'] },
): readonly Check[] {
  return Object.entries<Check['run']>(runs).map(([name, run]) => {
    const { title, ...hints } = words[name] as CheckWords
    return { name, title, hints: hints as Check['hints'], run }
  })
}
