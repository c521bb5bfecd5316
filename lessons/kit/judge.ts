/** Runs an exercise's checks against the program in a folder, and says of each what came of it. */
import type { Check, Exercise, Finding, Hint, Verdict } from './exercise.ts'
import { Late, Unclear, Wrong } from './exercise.ts'
import type { Lesson } from './course.ts'
import { startProgram } from './program.ts'
import type { Program, ProgramOptions } from './program.ts'
import { createTrial } from './trial.ts'
import { ProgramEnded } from './trouble.ts'
import { typeErrorsOf } from './type-check.ts'
import type { TypeErrors } from './type-check.ts'

/** Plain data: it can be kept, sent and shown as it is. */
export interface Result {
  readonly lesson: string
  readonly exercise: string
  readonly check: string
  readonly title: string
  readonly verdict: Verdict
  readonly ms: number
  /** Null where the check passes. */
  readonly finding: ResultFinding | null
}

export interface ResultFinding extends Omit<Finding, 'hint'> {
  /** The name of the hint that was chosen, or of the kind of trouble. */
  readonly hinted: string
  /** Three rungs; none where it could not be told. */
  readonly hint: Hint | null
  /** `short-poll.ts:12` */
  readonly where?: string
}

export interface JudgeOptions extends Pick<ProgramOptions, 'says'> {
  /** Default: on. Off where the types were checked already; what they came to where somebody else checks them. */
  readonly types?: boolean | TypeErrors
  /** Called with each result as it comes. */
  readonly told?: (result: Result) => void
}

/** No check takes a second; one that takes so long has met a program that keeps it waiting, and is not even stuck. */
const CHECK_MS = 12_000

/** Where the clock on the wall has gone so much further than the program's own, nobody has to wait for the verdict. */
const BUSY = 10

/** Checks that ended the process or waited in vain, after which the rest are not tried: all of them would. */
const STRIKES = 2

const TYPES = { name: 'types', title: 'Has no type errors' }

export async function judge(
  lesson: Lesson,
  exercise: Exercise,
  folder: string,
  options: JudgeOptions = {},
): Promise<readonly Result[]> {
  const { types = true, told = () => {} } = options
  const results: Result[] = []
  const tell = (check: Pick<Check, 'name' | 'title'>, came: Came, ms: number) => {
    const { name, title } = check
    const { verdict, finding } = came
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
    told(result)
  }

  const checkingTypes = types === true ? typeErrorsOf(folder, [exercise])(exercise) : types || null
  checkingTypes?.catch(() => {})
  await runAll(exercise, folder, options, tell)
  if (checkingTypes) {
    const began = performance.now()
    const errors = await checkingTypes
    tell(TYPES, errors === null ? notTried() : cameOfTypes(errors), performance.now() - began)
  }
  return results
}

interface Came extends Pick<Result, 'verdict' | 'finding'> {
  /** The check waited in vain, or the program has to be started again. */
  readonly costs?: true
}

const PASS: Came = { verdict: 'pass', finding: null }

async function runAll(
  exercise: Exercise,
  folder: string,
  options: JudgeOptions,
  tell: (check: Check, came: Came, ms: number) => void,
): Promise<void> {
  let program: Program | null = null
  let strikes = 0
  try {
    for (const check of exercise.checks) {
      let began = performance.now()
      let came: Came
      if (strikes >= STRIKES) came = notTried()
      else {
        try {
          program ??= await startProgram(folder, exercise, options)
          began = performance.now()
          came = await run(check, program)
        } catch (error) {
          came = cameOf(error, check)
          // It would not start for the next check either.
          if (program === null) strikes = STRIKES
        }
        if (came.costs) strikes += 1
        if (program && (await hasEnded(program))) program = null
      }
      tell(check, came, performance.now() - began)
    }
  } finally {
    await program?.stop()
  }
}

async function run(check: Check, program: Program): Promise<Came> {
  const trial = createTrial(program, check.name)
  const ended = program.ended.then((trouble) => {
    throw new ProgramEnded(trouble)
  })
  const { withinMs = CHECK_MS } = check
  const late = Promise.withResolvers<never>()
  const giveUp = (said: string) => () => late.reject(new Unclear(said))
  const callOff = program.patience.after(withinMs, giveUp(`The check was not over within ${withinMs / 1000} s.`))
  const timer = setTimeout(
    giveUp('This machine has too much else to do. Check again when it has less.'),
    BUSY * withinMs,
  )
  const running = check.run(trial)
  try {
    await Promise.race([running, ended, late.promise])
    // A turn of the program's: what it left to do behind its answers may be its end.
    await Promise.race([program.tell({ is: 'reads', room: check.name }), ended, late.promise])
    return PASS
  } catch (error) {
    // What the check saw may be no more than what the end of the process looks like from outside.
    return cameOf((await hasEnded(program)) ? new ProgramEnded(await program.ended) : error, check)
  } finally {
    callOff()
    clearTimeout(timer)
    running.catch(() => {})
    ended.catch(() => {})
    late.promise.catch(() => {})
    await trial.end().catch(() => {})
  }
}

const hasEnded = (program: Program): Promise<boolean> =>
  Promise.race([program.ended.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))])

function cameOf(error: unknown, check: Check): Came {
  if (error instanceof Wrong) {
    const { finding } = error
    const isNamed = typeof finding.hint === 'string'
    const hint = isNamed ? (check.hints[finding.hint as string] ?? null) : (finding.hint as Hint)
    const hinted = isNamed ? String(finding.hint) : 'general'
    return { verdict: 'fail', finding: { ...finding, hinted, hint }, ...(error instanceof Late && { costs: true }) }
  }
  if (error instanceof ProgramEnded) {
    const { kind, what, where, hint } = error.trouble
    return {
      verdict: 'fail',
      finding: { saw: what, hinted: kind, hint: check.hints[kind] ?? hint, ...(where !== null && { where }) },
      costs: true,
    }
  }
  const saw =
    error instanceof Unclear
      ? error.message
      : `The check itself failed: ${error instanceof Error ? error.stack : error}`
  return { verdict: 'could not tell', finding: { saw, hinted: 'unclear', hint: null }, costs: true }
}

function notTried(): Came {
  const saw = 'Not tried: what is wrong above would end this in the same way.'
  return { verdict: 'could not tell', finding: { saw, hinted: 'not tried', hint: null } }
}

function cameOfTypes(errors: readonly string[]): Came {
  const [first] = errors
  if (first === undefined) return PASS
  const where = /^[^:]+:\d+/.exec(first)?.[0]
  return {
    verdict: 'fail',
    finding: {
      saw: 'TypeScript says:',
      bytes: errors.join('\n'),
      hinted: 'types',
      hint: [
        'The program runs, and its types contradict what it does.',
        'Look at the line named: which value can be something else there than you think?',
        'Node takes the types out without reading them. They are for you: what they refuse tends to fail in the rarest moment.',
      ],
      ...(where !== undefined && { where }),
    },
  }
}
