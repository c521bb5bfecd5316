/** `npm run claims`: measures published claims about transports again, and states which of them hold here. */
import '../../server/start/node-version.ts'
import { loadavg } from 'node:os'
import { writeFileSync } from 'node:fs'
import { onEnding, outliveReaders } from '../../server/start/ending.ts'
import { machineOf, versionOf } from '../compare/report.ts'
import { startProgress } from '../compare/progress.ts'
import { CompareError, messageOf } from '../compare/trouble.ts'
import type { ClaimTools, Claim, ClaimFinding } from './claim.ts'
import { CLAIMS } from './index.ts'
import { CLAIMS_HELP, readClaimsOptions } from './options.ts'
import type { ClaimsOptions } from './options.ts'
import { claimsPageOf } from './page.ts'
import type { CheckedClaim, ClaimsReport } from './report.ts'
import { claimsTextOf } from './text.ts'

const BAD_USAGE = 2
const INTERRUPTED = 130

outliveReaders()
const interrupt = (): never => process.exit(INTERRUPTED)
onEnding(process.env['FOURWIRE_LAUNCHER'], interrupt, interrupt)

const code = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof CompareError ? error.message : error)
  return BAD_USAGE
})
process.exit(code)

async function main(args: readonly string[]): Promise<number> {
  const options = readClaimsOptions(
    args,
    CLAIMS.map(({ number }) => number),
  )
  if (options === null) {
    process.stdout.write(`${CLAIMS_HELP}\n`)
    return 0
  }
  const report = await checkAll(options)
  process.stdout.write(`${claimsTextOf(report)}\n`)
  if (options.json !== undefined) save('json', options.json, `${JSON.stringify(report, null, 2)}\n`)
  if (options.html !== undefined) save('html', options.html, claimsPageOf(report))
  return 0
}

async function checkAll({ only, isQuick }: ClaimsOptions): Promise<ClaimsReport> {
  const startedAt = new Date()
  const startMs = performance.now()
  const claims = CLAIMS.filter(({ number }) => only.includes(number))
  const totalS = claims.reduce((sum, { seconds }) => sum + (isQuick ? seconds.quick : seconds.usual), 0)
  const progress = startProgress(process.stderr, totalS)
  const checked: CheckedClaim[] = []
  try {
    for (const [i, claim] of claims.entries()) {
      const place = `Claim ${claim.number} (${i + 1} of ${claims.length})`
      const tools = { isQuick, env: process.env, show: (part: string) => progress.show(`${place}, ${part}`) }
      checked.push(await check(claim, tools))
    }
  } finally {
    progress.end()
  }
  return {
    version: versionOf(),
    startedAt: startedAt.toISOString(),
    seconds: Math.round((performance.now() - startMs) / 1000),
    isQuick,
    machine: machineOf(true),
    claims: checked,
  }
}

/** A claim that cannot be measured does not prevent the others. */
async function check(claim: Claim, tools: ClaimTools): Promise<CheckedClaim> {
  const load = loadavg()[0] ?? 0
  const finding: ClaimFinding = await claim.run(tools).catch((error: unknown) => ({
    outcome: 'cannot be told here',
    why: `The measurement failed. ${withoutOptions(messageOf(error))}`,
    figures: [],
    samples: 'none',
  }))
  const { run: _run, ...text } = claim
  return { ...text, ...finding, load }
}

/** Removes the options of `npm run compare` from an error, because this program has others. */
const withoutOptions = (text: string): string =>
  text.replace(/^--clients is "(\d+)", and /, 'Of $1 clients, ').replace(/ (?:Reduce|Give at most) --.*$/, '')

function save(name: string, file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw new CompareError(`--${name} is "${file}", which cannot be written: ${messageOf(error)}`)
  }
}
