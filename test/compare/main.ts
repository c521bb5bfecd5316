/** `npm run compare`: measures the transports of a server, and states which of them fits the workload. */
import '../../server/start/node-version.ts'
import type { Expectation, ModelInputs } from '../../web/measure/model.ts'
import { onEnding, outliveReaders } from '../../server/start/ending.ts'
import type { Adapter } from './adapter.ts'
import { adapterOf, isAsking } from './adapters/index.ts'
import { compareAnswers } from './answers/program.ts'
import type { AskingAdapter } from './answers/asking.ts'
import { changesSince, readBaseline } from './baseline.ts'
import { brokenBy } from './broken.ts'
import { findingsOf } from './findings.ts'
import { conditionsText, isChanged, meanRoundTripMs } from './conditions.ts'
import { endWithFollower, tellFollower } from './follower.ts'
import { openFilesLimit } from './machine.ts'
import { HELP } from './help.ts'
import { readOptions } from './options.ts'
import type { Options } from './options.ts'
import { htmlOf } from './html.ts'
import { machineOf, versionOf, workloadOf } from './report.ts'
import type { Report } from './report.ts'
import { save } from './saving.ts'
import { measureAll } from './rounds.ts'
import type { Rounds } from './rounds.ts'
import { scenarioText } from './scenarios/scenario.ts'
import { summarise } from './summary.ts'
import { scenarioTable, tableOf } from './table.ts'
import { checkThresholds, isMetric } from './thresholds.ts'
import { CompareError, messageOf } from './trouble.ts'
import { verdictOf } from './verdict.ts'

const THRESHOLD_BROKEN = 1
const BAD_USAGE = 2
const INTERRUPTED = 130

/** Files and connections of a process, beside those to the server. */
const OTHER_FILES = 60

outliveReaders()
const interrupt = (): never => process.exit(INTERRUPTED)
onEnding(process.env['FOURWIRE_LAUNCHER'], interrupt, interrupt)
endWithFollower(interrupt)

const code = await main(process.argv.slice(2)).catch(async (error: unknown) => {
  console.error(error instanceof CompareError ? error.message : error)
  await tellFollower({ is: 'failed', why: messageOf(error) })
  return BAD_USAGE
})
process.exit(code)

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args)
  if (options === null) {
    process.stdout.write(`${HELP}\n`)
    return 0
  }
  const adapter = await adapterOf(options.adapter)
  const transports = transportsOf(options, adapter)
  checkOpenFiles(options)
  if (isAsking(adapter)) return compareAnswers(adapter, options, transports)
  checkThresholds(options.thresholds, transports, isMetric)
  const baseline = options.baseline === undefined ? null : readBaseline(options.baseline, options)
  const startedAt = new Date()
  const rounds = await measureAll(adapter, options, transports, process.env)
  const report = reportOn(options, adapter, transports, rounds, startedAt, baseline)
  const { results, verdict, changes, broken } = report
  const conditions = [
    ...(options.scenario === 'steady' ? [] : ['', `Scenario ${scenarioText(options)}`, '', scenarioTable(results)]),
    ...(isChanged(options) ? ['', `Network between the clients and the server: ${conditionsText(options)}`] : []),
  ]
  process.stdout.write(`${[tableOf(results), ...conditions, '', verdict, ...changes, ...broken].join('\n')}\n`)
  if (options.json !== undefined) save('json', options.json, `${JSON.stringify(report, null, 2)}\n`)
  if (options.html !== undefined) save('html', options.html, htmlOf(report))
  await tellFollower({ is: 'measured', findings: findingsOf(report), html: htmlOf(report) })
  return broken.length > 0 ? THRESHOLD_BROKEN : 0
}

function reportOn(
  options: Options,
  adapter: Adapter,
  transports: readonly string[],
  { runs, isPinned }: Rounds,
  startedAt: Date,
  baseline: Report | null,
): Report {
  // The model knows only a steady rate, and clients that stay connected and read.
  const isModelled = /^(?:steady|slow-readers)$/.test(options.scenario)
  const expected = (name: string, confirmationMs: number): Expectation | null =>
    (isModelled && adapter.expect?.(name, modelInputsOf(options, confirmationMs))) || null
  const results = transports.map((name) =>
    summarise(
      runs.filter(({ transport }) => transport === name),
      (confirmationMs) => expected(name, confirmationMs),
    ),
  )
  return {
    version: versionOf(),
    startedAt: startedAt.toISOString(),
    machine: machineOf(isPinned),
    workload: workloadOf(options),
    results,
    verdict: verdictOf(results),
    changes: baseline ? changesSince(baseline, results) : [],
    broken: brokenBy(results, options.thresholds),
  }
}

/**
 * Conditions for the model. The time of a confirmation stands for the round trip to the server, and a relay adds its
 * own.
 */
function modelInputsOf(options: Options, confirmationMs: number): ModelInputs {
  const { interval, wait, rate } = options
  const roundTripMs = confirmationMs + meanRoundTripMs(options)
  return { intervalMs: interval * 1000, waitS: wait, roundTripMs, serviceMs: 0, ratePerSecond: rate }
}

/** Returns the transports to compare. Throws `CompareError` if the adapter does not know one of them. */
function transportsOf({ transports }: Options, adapter: Adapter | AskingAdapter): readonly string[] {
  const wanted = [...new Set(transports ?? adapter.usual ?? adapter.transports)]
  const unknown = wanted.find((name) => !adapter.transports.includes(name))
  const all = adapter.transports.join(', ')
  if (unknown !== undefined)
    throw new CompareError(`--transports contains "${unknown}", and the adapter "${adapter.name}" has only ${all}.`)
  if (wanted.length === 0) throw new CompareError(`--transports is empty. Choose from ${all}.`)
  return wanted
}

function checkOpenFiles({ clients }: Options): void {
  const limit = openFilesLimit()
  if (limit === null || clients + OTHER_FILES <= limit) return
  throw new CompareError(
    `--clients is "${clients}", and a process may open only ${limit} files and connections here. Give at most ${Math.max(1, limit - OTHER_FILES)}, or raise the limit with ulimit -n ${clients + OTHER_FILES}.`,
  )
}
