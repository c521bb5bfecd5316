/** Runs the checks of an exercise against the program in a folder, and returns a result for each. */
import type { Check, Exercise } from './exercise.ts'
import { Late, Unclear, Wrong } from './finding.ts'
import type { Finding, Hint, Verdict } from './finding.ts'
import type { Lesson } from './course.ts'
import { TYPE_ERRORS } from './hints.ts'
import { startProgram } from './program.ts'
import type { Program, ProgramOptions } from './program.ts'
import { createTrial } from './trial.ts'
import { ProgramEnded, Threw } from './trouble.ts'
import type { Trouble, TroubleKind } from './trouble.ts'
import { typeErrorsOf } from './type-check.ts'
import type { TypeErrors } from './type-check.ts'

/** Plain data, which can be stored and sent as JSON. */
export interface CheckResult {
  readonly lesson: string
  readonly exercise: string
  readonly check: string
  readonly title: string
  readonly verdict: Verdict
  readonly ms: number
  /** Null if the check passes. */
  readonly finding: ResultFinding | null
}

export interface ResultFinding extends Omit<Finding, 'hint'> {
  /** Name of the hint that was chosen, or of the kind of trouble. */
  readonly hinted: string
  /** Null if the check could not decide. */
  readonly hint: Hint | null
  /** `short-poll.ts:12` */
  readonly where?: string
}

export interface JudgeOptions extends Pick<ProgramOptions, 'onOutput'> {
  /** True to check the types, false to skip them, or the errors if the types are checked already. Default: true. */
  readonly types?: boolean | TypeErrors
  /** Called with each result as soon as it is known. */
  readonly onResult?: (result: CheckResult) => void
  /** Leaves out the checks that have not begun when it is aborted. */
  readonly signal?: AbortSignal
}

/** Default time limit of a check, in the program's time. A check of a right program takes less than a second. */
const CHECK_MS = 12_000

/** Factor for the time limit on the wall clock, for a machine that is too busy to give the program any time. */
const BUSY = 10

/** Number of checks that may end the process or time out. After that many, the remaining checks are skipped. */
const STRIKES = 2

/** Kinds of trouble that cost so much time and memory that no further check is tried. */
const EXCESSIVE: ReadonlySet<TroubleKind> = new Set(['flood', 'output', 'memory'])

const TYPES = { name: 'types', title: 'Has no type errors' }

export async function judge(
  lesson: Lesson,
  exercise: Exercise,
  folder: string,
  options: JudgeOptions = {},
): Promise<readonly CheckResult[]> {
  const { types = true, onResult = () => {} } = options
  const results: CheckResult[] = []
  const add = (check: Pick<Check, 'name' | 'title'>, outcome: Outcome, ms: number) => {
    const { name, title } = check
    const { verdict, finding } = outcome
    const result = {
      lesson: lesson.name,
      exercise: exercise.name,
      check: name,
      title,
      verdict,
      ms: Math.round(ms),
      finding,
    }
    results.push(result)
    onResult(result)
  }

  const checkingTypes = types === true ? typeErrorsOf(folder, [exercise])(exercise) : types || null
  checkingTypes?.catch(() => {})
  await runAll(exercise, folder, options, add)
  if (checkingTypes) {
    const began = performance.now()
    const errors = await checkingTypes
    add(TYPES, errors === null ? skipped() : typesOutcome(errors), performance.now() - began)
  }
  return results
}

interface Outcome extends Pick<CheckResult, 'verdict' | 'finding'> {
  /** Number of strikes, if the check timed out or the program has to be started again. */
  readonly costs?: number
  /** True if a process of the program has ended. */
  readonly isOver?: true
}

const PASS: Outcome = { verdict: 'pass', finding: null }

async function runAll(
  exercise: Exercise,
  folder: string,
  options: JudgeOptions,
  add: (check: Check, outcome: Outcome, ms: number) => void,
): Promise<void> {
  let program: Program | null = null
  let strikes = 0
  try {
    for (const check of exercise.checks) {
      if (options.signal?.aborted) break
      let began = performance.now()
      let outcome: Outcome
      if (strikes >= STRIKES) outcome = skipped()
      else {
        try {
          program ??= await startProgram(folder, exercise, options)
          began = performance.now()
          outcome = await run(check, program, exercise.withinMs)
        } catch (error) {
          outcome = outcomeOf(error, check)
          // The program would not start for the next check either.
          if (program === null) strikes = STRIKES
        }
        strikes += outcome.costs ?? 0
        // A client may throw an error when the check stops it. This is no fault of the next check.
        if (program && (outcome.isOver || (await hasEnded(program)))) {
          await program.stop()
          program = null
        }
      }
      add(check, outcome, performance.now() - began)
    }
  } finally {
    await program?.stop()
  }
}

async function run(check: Check, program: Program, withinMs = CHECK_MS): Promise<Outcome> {
  const trial = createTrial(program, check.name)
  const ended = program.ended.then((trouble) => {
    throw new ProgramEnded(trouble)
  })
  const late = Promise.withResolvers<never>()
  const giveUp = (said: string) => () => late.reject(new Unclear(said))
  const callOff = program.patience.after(withinMs, giveUp(`The check did not end within ${withinMs / 1000} s.`))
  const timer = setTimeout(giveUp('This machine is too busy. Check again when it has less to do.'), BUSY * withinMs)
  const running = check.run(trial)
  try {
    await Promise.race([running, ended, late.promise])
    // Work that the program does after its response may end the process.
    const trouble = (await Promise.race([trial.ended(), ended, late.promise])) ?? (await excessOf(program))
    return trouble ? outcomeOf(new ProgramEnded(trouble), check) : PASS
  } catch (error) {
    if (error instanceof ProgramEnded) return outcomeOf(error, check)
    // If a process has ended, this is the cause of everything that the check observed.
    const trouble = (await Promise.race([trial.ended(), program.ended, silence(program)])) ?? (await excessOf(program))
    return outcomeOf(trouble ? new ProgramEnded(trouble) : error, check)
  } finally {
    callOff()
    clearTimeout(timer)
    running.catch(() => {})
    ended.catch(() => {})
    late.promise.catch(() => {})
    await trial.end().catch(() => {})
  }
}

/** Time in which a program that has failed a check may still end. */
const LAST_MS = 1500

/** Resolves with null if the program gives no sign for a while. */
const silence = (program: Program): Promise<null> =>
  new Promise((resolve) => {
    program.patience.after(LAST_MS, () => resolve(null))
    setTimeout(() => resolve(null), BUSY * LAST_MS).unref()
  })

/** Resolves with null if the program has exceeded no bound. Otherwise the program is ended as soon as its line is found. */
const excessOf = async (program: Program): Promise<Trouble | null> => (program.isAccused() ? program.ended : null)

const hasEnded = (program: Program): Promise<boolean> =>
  Promise.race([program.ended.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))])

function outcomeOf(error: unknown, check: Check): Outcome {
  if (error instanceof Wrong) {
    const { finding } = error
    const isNamed = typeof finding.hint === 'string'
    const hint = isNamed ? (check.hints[finding.hint as string] ?? null) : (finding.hint as Hint)
    const hinted = isNamed ? String(finding.hint) : 'general'
    return { verdict: 'fail', finding: { ...finding, hinted, hint }, ...(error instanceof Late && { costs: 1 }) }
  }
  if (error instanceof ProgramEnded || error instanceof Threw) {
    const { kind, what, where, hint } = error.trouble
    const finding = { saw: what, hinted: kind, hint: check.hints[kind] ?? hint, ...(where !== null && { where }) }
    if (error instanceof Threw) return { verdict: 'fail', finding }
    return { verdict: 'fail', finding, costs: EXCESSIVE.has(kind) ? STRIKES : 1, isOver: true }
  }
  const saw =
    error instanceof Unclear
      ? error.message
      : `The check itself failed: ${error instanceof Error ? error.stack : error}`
  return { verdict: 'could not tell', finding: { saw, hinted: 'unclear', hint: null }, costs: 1 }
}

function skipped(): Outcome {
  const saw = 'Not tried, because the problem above would stop this check too.'
  return { verdict: 'could not tell', finding: { saw, hinted: 'not tried', hint: null } }
}

function typesOutcome(errors: readonly string[]): Outcome {
  const [first] = errors
  if (first === undefined) return PASS
  const where = /^[^:]+:\d+/.exec(first)?.[0]
  return {
    verdict: 'fail',
    finding: {
      saw: 'TypeScript reports:',
      bytes: errors.join('\n'),
      hinted: 'types',
      hint: TYPE_ERRORS,
      ...(where !== undefined && { where }),
    },
  }
}
