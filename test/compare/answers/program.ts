/** The part of `npm run compare` for servers that answer each request with a stream of events. */
import { messageOf, CompareError } from '../trouble.ts'
import type { ComparedServer } from '../adapter.ts'
import { readBaseline } from '../baseline.ts'
import { startProgress } from '../progress.ts'
import type { Options } from '../options.ts'
import { machineOf, versionOf, workloadOf } from '../report.ts'
import { rotated, targetOf } from '../rounds.ts'
import { save } from '../saving.ts'
import { checkThresholds, isAnswerMetric } from '../thresholds.ts'
import { shownUrl } from '../words.ts'
import type { Asker, AskingAdapter } from './asking.ts'
import { answerHtmlOf } from './html.ts'
import { SILENCE_MS, answered, measureAnswers } from './measure.ts'
import type { AnswerRun } from './measure.ts'
import type { AnswerReport } from './report.ts'
import { summariseAnswers } from './summary.ts'
import type { AnswerSummary } from './summary.ts'
import { answerTableOf } from './table.ts'
import { answerChangesSince, answerVerdictOf, brokenByAnswers } from './verdict.ts'

const THRESHOLD_BROKEN = 1

/** Measures, prints the result, and returns the exit code. Rejects with `CompareError`. */
export async function compareAnswers(
  adapter: AskingAdapter,
  options: Options,
  transports: readonly string[],
): Promise<number> {
  checkOptions(adapter, options)
  checkThresholds(options.thresholds, transports, isAnswerMetric)
  const baseline = options.baseline === undefined ? null : readAnswerBaseline(options.baseline, options)
  const startedAt = new Date()
  const runs = await measureAll(adapter, options, transports)
  const results = transports.map((name) => summariseAnswers(runs.filter(({ transport }) => transport === name)))
  const report: AnswerReport = {
    version: versionOf(),
    startedAt: startedAt.toISOString(),
    machine: machineOf(false),
    workload: workloadOf(options),
    results,
    verdict: answerVerdictOf(results),
    changes: baseline ? answerChangesSince(baseline, results) : [],
    broken: brokenByAnswers(results, options.thresholds),
  }
  const { verdict, changes, broken } = report
  process.stdout.write(`${[answerTableOf(results), '', verdict, ...changes, ...broken].join('\n')}\n`)
  if (options.json !== undefined) save('json', options.json, `${JSON.stringify(report, null, 2)}\n`)
  if (options.html !== undefined) save('html', options.html, answerHtmlOf(report))
  return broken.length > 0 ? THRESHOLD_BROKEN : 0
}

/** The adapter of the earlier report was the same one, so its results are answers too. */
const readAnswerBaseline = (file: string, options: Options): readonly AnswerSummary[] =>
  readBaseline(file, options).results as unknown as readonly AnswerSummary[]

/** Refuses the options that only a measurement of messages uses. */
function checkOptions({ name }: AskingAdapter, options: Options): void {
  const { publish, rtt, jitter, loss, bandwidth } = options
  const scenario = options.scenario === 'steady' ? undefined : options.scenario
  const given = Object.entries({ scenario, publish: publish?.href, rtt, jitter, loss, bandwidth })
  const [option, value] = given.find(([, value]) => value !== undefined && value !== 0) ?? []
  if (option !== undefined)
    throw new CompareError(
      `--${option} is "${value}", and a measurement with the adapter "${name}" does not use it. Leave it out.`,
    )
}

async function measureAll(
  adapter: AskingAdapter,
  options: Options,
  transports: readonly string[],
): Promise<readonly AnswerRun[]> {
  const { url, repeat, warmup, seconds } = options
  if (!url) throw new CompareError('--url is missing. Give the address of the server with --url.')
  for (const transport of transports) await tryOnce(adapter, options, targetOf(options, transport, url))
  const runs: AnswerRun[] = []
  const progress = startProgress(process.stderr, repeat * transports.length * (warmup + seconds))
  try {
    for (let round = 0; round < repeat; round++) {
      for (const transport of rotated(transports, round)) {
        progress.show(`Repetition ${round + 1} of ${repeat}, ${transport}`)
        runs.push(await measureAnswers({ adapter, options, target: targetOf(options, transport, url), seed: round }))
      }
    }
  } finally {
    progress.end()
  }
  return runs
}

/** Asks once, so that wrong input is reported before anything is measured. Rejects with `CompareError`. */
async function tryOnce(adapter: AskingAdapter, options: Options, target: ComparedServer): Promise<void> {
  const trouble = (why: string): CompareError =>
    new CompareError(
      `--url is "${shownUrl(target.url)}", and the first request over ${target.transport} failed: ${why}. Correct --url, --adapter, --payload or --header.`,
    )
  let asker: Asker | undefined
  let events = 0
  const silent = Promise.withResolvers<never>()
  const timer = setTimeout(() => silent.reject(new Error(`no event arrived for ${SILENCE_MS / 1000} s`)), SILENCE_MS)
  try {
    asker = adapter.openAsker(target)
    const answer = answered(asker, options.payload(`~${target.run}.0~`), () => {
      events += 1
      timer.refresh()
    })
    await Promise.race([answer, silent.promise])
    if (events === 0) throw new Error('the answer had no event')
  } catch (error) {
    throw trouble(messageOf(error))
  } finally {
    clearTimeout(timer)
    asker?.close()
  }
}
