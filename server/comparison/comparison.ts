/** Runs at most one comparison at a time, and keeps the report of the last one in memory. */
import { existsSync } from 'node:fs'
import { FeedError } from '../http/errors.ts'
import { now } from '../now.ts'
import type {
  ComparisonFailure,
  ComparisonProgress,
  ComparisonState,
  EndedComparison,
  Findings,
  MeasuredWorkload,
} from '../protocol/comparison.ts'
import { startComparing } from './program.ts'
import type { ComparingProgram } from './program.ts'
import { COMPARISON_LIMITS } from './workload.ts'

export interface Comparison {
  /** State without the rights of the person who asks for it. */
  readonly state: Omit<ComparisonState, 'mayStart'>
  /** Report of the last comparison that has measured its workload, as HTML; null before that. */
  readonly report: string | null
  /** Throws `comparison-running` (409), and `no-compare-program` (501) if this server cannot compare. */
  start(workload: MeasuredWorkload): void
  /** Ends the running comparison. Resolves when its processes have ended. Throws `no-comparison` (404). */
  cancel(): Promise<void>
  /** Ends the running comparison, if there is one. */
  stop(): Promise<void>
}

export interface ComparisonParts {
  /** Path of the program of `npm run compare`. */
  readonly file: string
  readonly transports: readonly string[]
  /** Writes the last lines of a program that has failed to the server's log. */
  log(said: string): void
}

interface Running {
  readonly workload: MeasuredWorkload
  readonly startedAtMs: number
  readonly program: ComparingProgram
  progress: ComparisonProgress | null
  /** Times of the first progress and of the latest one. */
  firstAtMs: number
  latestAtMs: number
  result: { readonly findings: Findings; readonly html: string } | null
  why: string | null
  isCancelled: boolean
}

/** Seconds of one measurement beside the time that counts: connecting, the warm-up, and the last messages. */
const BESIDE_S = 3.5
/** Seconds in which the program starts and tries each transport. */
const START_S = 3

export function createComparison({ file, transports, log }: ComparisonParts): Comparison {
  let running: Running | null = null
  let last: (EndedComparison & { readonly html: string }) | null = null
  let failure: ComparisonFailure | null = null

  return {
    get state() {
      return {
        limits: COMPARISON_LIMITS,
        transports,
        missing: missing(),
        running: running && {
          workload: running.workload,
          startedAtMs: running.startedAtMs,
          progress: running.progress,
          leftS: leftOf(running),
        },
        last: last && { workload: last.workload, startedAtMs: last.startedAtMs, findings: last.findings },
        failure,
      }
    },
    get report() {
      return last?.html ?? null
    },
    start,
    async cancel() {
      if (!running) throw new FeedError('no-comparison', 'No comparison is running.')
      running.isCancelled = true
      await running.program.end()
    },
    async stop() {
      if (!running) return
      running.isCancelled = true
      await running.program.end()
    },
  }

  function start(workload: MeasuredWorkload): void {
    if (running)
      throw new FeedError(
        'comparison-running',
        `A comparison has been running since ${new Date(running.startedAtMs).toISOString()}.`,
      )
    const why = missing()
    if (why !== null) throw new FeedError('no-compare-program', why)
    const started: Running = {
      workload,
      startedAtMs: Date.now(),
      program: startComparing(file, argumentsOf(workload, transports), (news) => {
        if (news.is === 'measuring') {
          started.latestAtMs = now()
          if (!started.progress) started.firstAtMs = started.latestAtMs
          started.progress = news
        } else if (news.is === 'measured') started.result = news
        else started.why = news.why
      }),
      progress: null,
      firstAtMs: 0,
      latestAtMs: 0,
      result: null,
      why: null,
      isCancelled: false,
    }
    running = started
    void started.program.ended.then(({ how, said }) => {
      running = null
      const { startedAtMs, result, isCancelled } = started
      failure = null
      if (result) return void (last = { workload, startedAtMs, ...result })
      failure = { startedAtMs, isCancelled, why: isCancelled ? CANCELLED : (started.why ?? failureText(how)) }
      if (!isCancelled) log(said)
    })
  }

  function missing(): string | null {
    return existsSync(file)
      ? null
      : 'The program that compares is not installed with this server. Get the repository, and start the server there.'
  }

  /** Estimates the remaining time: at first by the plan, and then by the measurements that have ended. */
  function leftOf({ workload, progress, firstAtMs, latestAtMs }: Running): number {
    const plannedS = workload.seconds + BESIDE_S
    if (!progress) return START_S + plannedS * workload.repeat * transports.length
    const { done, total } = progress
    const eachS = done === 0 ? plannedS : (latestAtMs - firstAtMs) / 1000 / done
    const thisS = Math.max(0, eachS - (now() - latestAtMs) / 1000)
    return thisS + eachS * (total - done - 1)
  }
}

const CANCELLED = 'The instructor has cancelled the measurement.'

const failureText = (how: string): string =>
  `The comparing program ${how}. The log of the server has the reason. If the machine has too little memory, reduce the number of clients.`

function argumentsOf(workload: MeasuredWorkload, transports: readonly string[]): readonly string[] {
  const figures = Object.entries(workload).flatMap(([name, value]) => [`--${name}`, String(value)])
  return ['--transports', transports.join(','), ...figures]
}
