/** Checks that give reports to the student's rules directly, so that each report comes at an exact time. */
import type { TransportName } from '../../server/protocol/feed.ts'
import type { TransportReport } from '../../web/board/fallback.ts'
import { checksFrom } from '../kit/exercise.ts'
import type { Check } from '../kit/exercise.ts'
import { Wrong } from '../kit/finding.ts'
import type { Trial } from '../kit/trial.ts'
import { words } from './hints.ts'
import type { Decided, Reports } from './wires.ts'

const PATIENCE_MS = 4000
const RETRY_MS = 10_000
/** The page reports that often that time has passed. */
const LOOK_MS = 250

/** Time at which the pages are opened. */
const START_MS = 1_000_000

type Report = Exclude<TransportReport, { is: 'tick' }>
type Timed = readonly [ms: number, report: Report]

const live = (ms: number, transport: TransportName): Timed => [ms, { is: 'live', transport }]
const bad = (ms: number, is: 'down' | 'withheld', transport: TransportName): Timed => [
  ms,
  { is, transport, trouble: `${transport} is broken` },
]

/** A report, the state after it, and its time since the page was opened. */
interface Moment extends Decided {
  readonly ms: number
  readonly report: TransportReport
}

/** The reports of a page until this time, with a tick four times a second. */
function reportsUntil(ms: number, reports: readonly Timed[], order: readonly TransportName[] | null = null): Reports {
  const ticks = Array.from({ length: ms / LOOK_MS + 1 }, (_, i): readonly [number, TransportReport] => [
    i * LOOK_MS,
    { is: 'tick' },
  ])
  const all = [...ticks, ...reports].toSorted(([a], [b]) => a - b)
  return { order, reports: all.map(([at, report]) => [START_MS + at, report]) }
}

async function played(trial: Trial, ...pages: readonly Reports[]): Promise<readonly (readonly Moment[])[]> {
  const all = (await trial.call('decided', ...pages)) as Decided[][]
  return pages.map(({ reports }, page) =>
    reports.flatMap(([at, report], i): Moment[] => {
      const state = all[page]?.[i]
      return state ? [{ ...state, ms: at - START_MS, report }] : []
    }),
  )
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`

function textOf({ ms, report, current, isLive, trial }: Moment): string {
  const what = report.is === 'tick' ? 'tick' : `${report.is} ${report.transport}`
  const tries = trial === null ? '' : `, tries ${trial}`
  return `${seconds(ms).padStart(8)}  ${what.padEnd(20)}uses ${current}, which ${isLive ? 'delivers' : 'delivers nothing'}${tries}`
}

/** Throws with the last reports before this moment, except the ticks that change nothing. */
function differs(moments: readonly Moment[], moment: Moment, saw: string, wanted: string, hint: string): never {
  const at = moments.indexOf(moment)
  const isNews = (one: Moment, i: number) =>
    i === at || one.report.is !== 'tick' || textOf(one).slice(30) !== textOf(moments[i - 1] ?? one).slice(30)
  const lines = moments
    .slice(0, at + 1)
    .filter(isNews)
    .slice(-6)
    .map(textOf)
  const bytes = lines.join('\n')
  throw new Wrong({ saw, bytes, at: bytes.lastIndexOf('uses '), wanted, hint })
}

/** Throws unless this holds after every report. */
function expectAlways(
  moments: readonly Moment[],
  saw: string,
  wanted: string,
  hint: string,
  holds: (moment: Moment, before: Moment | undefined) => boolean,
): void {
  const wrong = moments.find((moment, i) => !holds(moment, moments[i - 1]))
  if (wrong) differs(moments, wrong, saw, wanted, hint)
}

/** Periods in which the page tried one transport without a change. */
function triesOf(moments: readonly Moment[]): { name: TransportName; first: Moment; end: Moment | null }[] {
  const tries: { name: TransportName; first: Moment; end: Moment | null }[] = []
  for (const moment of moments) {
    const last = tries.at(-1)
    const isSame = last?.end === null && last.name === moment.trial
    if (last && last.end === null && !isSame) last.end = moment
    if (moment.trial !== null && !isSame) tries.push({ name: moment.trial, first: moment, end: null })
  }
  return tries
}

/** A page that has fallen back to SSE, which began to work after this time. */
const SSE_MS = 4600
const fallen: readonly Timed[] = [bad(100, 'down', 'ws'), live(SSE_MS, 'sse')]

export const rulesChecks: readonly Check[] = checksFrom(words.rules, {
  async 'to-the-moment'(trial) {
    const often = Array.from({ length: 50 }, (_, i) => live(SSE_MS + 900 * (i + 1), 'sse'))
    const [moments = []] = await played(trial, reportsUntil(50_000, [...fallen, bad(2100, 'down', 'ws'), ...often]))
    const saw = 'WebSockets never worked. SSE worked, and delivered a message each second.'
    expectAlways(
      moments,
      saw,
      'ws until 4 s have passed',
      'hasty',
      ({ ms, current }) => ms >= PATIENCE_MS || current === 'ws',
    )
    const falls = moments.find(({ ms }) => ms > PATIENCE_MS)
    if (falls && falls.current !== 'sse') differs(moments, falls, saw, 'sse after 4 s', 'late')
    const after = moments.filter(({ ms }) => ms >= SSE_MS)
    expectAlways(after, saw, 'sse, which delivers', 'leaves', ({ current, isLive }) => current === 'sse' && isLive)
    let [earliestMs, latestMs] = [SSE_MS + RETRY_MS, SSE_MS + RETRY_MS + LOOK_MS]
    const tries = triesOf(moments)
    for (const { first, end } of tries) {
      if (first.ms < earliestMs) differs(moments, first, saw, `no try before ${seconds(earliestMs)}`, 'early')
      if (first.ms > latestMs) differs(moments, first, saw, `a try at ${seconds(latestMs)} or before`, 'late-try')
      if (end === null) continue
      const forMs = end.ms - first.ms
      if (forMs < PATIENCE_MS) differs(moments, end, saw, 'a try of 4 s', 'short-try')
      if (forMs > PATIENCE_MS + LOOK_MS) differs(moments, end, saw, 'the end of the try after 4 s', 'long-try')
      earliestMs = first.ms + RETRY_MS
      latestMs = end.ms + RETRY_MS + LOOK_MS
    }
    const last = moments.at(-1)
    if (last && last.ms > latestMs && (tries.at(-1)?.first.ms ?? 0) < earliestMs)
      differs(moments, last, saw, `a try at ${seconds(latestMs)} or before`, 'late-try')
  },
  async 'no-try-while-down'(trial) {
    const reports = [...fallen, bad(13_000, 'down', 'sse'), live(16_100, 'sse')]
    const [moments = []] = await played(trial, reportsUntil(20_000, reports))
    const saw = 'SSE worked, and was lost for 3 s. In this time, the 10 s were over.'
    const during = moments.filter(({ ms }) => ms > 13_000 && ms < 16_000)
    const wrong = during.find((moment) => moment.trial !== null)
    if (wrong) differs(moments, wrong, saw, 'no try', 'tries')
  },
  async strangers(trial) {
    const isSame = (moment: Moment, before: Moment | undefined) =>
      before !== undefined && moment.current === before.current && moment.isLive === before.isLive
    for (const late of [
      live(4300, 'ws'),
      live(4300, 'long-poll'),
      live(6100, 'ws'),
      live(6100, 'short-poll'),
      bad(6100, 'down', 'ws'),
      bad(6100, 'withheld', 'ws'),
      bad(6100, 'withheld', 'long-poll'),
      // During the try of WebSockets.
      bad(15_100, 'down', 'ws'),
      bad(15_100, 'withheld', 'ws'),
    ]) {
      const [moments = []] = await played(trial, reportsUntil(16_000, [...fallen, late]))
      const at = moments.findIndex(({ report }) => report === late[1])
      const moment = moments[at]
      if (!moment || isSame(moment, moments[at - 1])) continue
      const isEarly = moment.ms < SSE_MS
      const saw = isEarly
        ? 'WebSockets were given up, and SSE has delivered nothing yet.'
        : 'WebSockets were given up, and SSE works.'
      const wanted = isEarly ? 'sse, which delivers nothing' : 'sse, which delivers'
      differs(moments, moment, saw, wanted, late[1].is === 'live' ? 'takes-over' : 'blamed')
    }
  },
  async 'each-in-turn'(trial) {
    // The fourth transport is the first one that delivers.
    const [moments = []] = await played(trial, reportsUntil(120_000, [live(13_500, 'short-poll')]))
    const names = triesOf(moments).map(({ name }) => name)
    const missing = (['ws', 'sse', 'long-poll'] as const).find((one) => names.indexOf(one) === names.lastIndexOf(one))
    const last = moments.at(-1)
    if (!missing || !last) return
    const times = names.includes(missing) ? 'only once' : 'never'
    const saw = `Short polling works, and no other transport delivers. In 106 s, ${missing} was tried ${times}. The last reports:`
    differs(moments, last, saw, `tries of ${missing} again and again`, 'not-all')
  },
  async 'another-list'(trial) {
    const order = ['sse', 'short-poll'] as const
    const saw = 'The page may use SSE and short polling.'
    const reports = [live(300, 'sse'), bad(1000, 'down', 'sse'), live(5500, 'short-poll'), live(16_100, 'sse')]
    const [moments = []] = await played(trial, reportsUntil(40_000, reports, order))
    const isOfList = ({ current, trial: tried }: Moment) =>
      [current, tried].every((name) => name === null || order.some((one) => one === name))
    expectAlways(moments, saw, 'a transport of the list', 'not-in-the-list', isOfList)
    const expectAt = (ms: number, name: TransportName, isTried = false) => {
      const moment = moments.findLast((one) => one.ms <= ms)
      const { current, trial: tried } = moment ?? {}
      if (moment && (isTried ? tried : current) !== name)
        differs(moments, moment, saw, isTried ? `a try of ${name}` : name, 'not-in-the-list')
    }
    expectAt(5400, 'short-poll')
    expectAt(15_900, 'sse', true)
    expectAt(16_500, 'sse')
    const last = moments.at(-1)
    if (last && (last.current !== 'sse' || last.trial !== null || last.gaveUp !== null))
      differs(moments, last, `${saw} SSE works again.`, 'sse, no try, and no transport given up', 'not-in-the-list')
  },
  async 'two-pages'(trial) {
    const pages = [
      reportsUntil(30_000, fallen),
      reportsUntil(30_000, [live(200, 'ws'), bad(9100, 'down', 'ws'), live(10_900, 'ws')]),
      reportsUntil(30_000, [live(200, 'ws'), bad(3000, 'withheld', 'ws'), live(3600, 'sse')]),
    ]
    const together = await played(trial, ...pages)
    for (const [i, page] of pages.entries()) {
      const [alone = []] = await played(trial, page)
      const moments = together[i] ?? []
      const saw = 'Three pages used the rules by turns. The same reports led to another decision than with one page.'
      const at = moments.findIndex((moment, j) => textOf(moment) !== textOf(alone[j] ?? moment))
      const [moment, other] = [moments[at], alone[at]]
      if (moment && other) differs(moments, moment, saw, textOf(other).slice(30).trim(), 'shared')
    }
  },
  async 'the-state'(trial) {
    const saw = 'The page displays the state that your rules return.'
    const reports = [
      live(500, 'ws'),
      live(900, 'ws'),
      bad(3000, 'withheld', 'ws'),
      live(3700, 'sse'),
      bad(8100, 'down', 'sse'),
      bad(9300, 'down', 'sse'),
      live(9900, 'sse'),
      live(20_100, 'ws'),
    ]
    const [moments = []] = await played(trial, reportsUntil(24_000, reports))
    expectAlways(
      moments,
      saw,
      'another state than the one that your rules got',
      'changed',
      (moment) => !moment.hasChangedIt,
    )
    const stateAt = (ms: number) => moments.findLast((moment) => moment.ms <= ms)
    const expect = (ms: number, wanted: string, hint: string, holds: (moment: Moment) => boolean) => {
      const moment = stateAt(ms)
      if (moment && !holds(moment)) differs(moments, moment, saw, wanted, hint)
    }
    const since =
      (ms: number) =>
      ({ sinceMs }: Moment) =>
        sinceMs === START_MS + ms
    expect(500, 'sinceMs is 0.50 s', 'since', since(500))
    expect(1000, 'sinceMs is still 0.50 s', 'since', since(500))
    expect(
      3000,
      'gaveUp is ws, with the trouble of the report',
      'reason',
      ({ gaveUp }) => gaveUp?.transport === 'ws' && gaveUp.trouble === 'ws is broken',
    )
    const isSilent = ({ current, isLive }: Moment) => current === 'sse' && !isLive
    expect(3000, 'sse, which delivers nothing yet', 'still-live', isSilent)
    expect(8100, 'sinceMs is 8.10 s', 'since', since(8100))
    expect(9500, 'sinceMs is still 8.10 s', 'since', since(8100))
    expect(9900, 'gaveUp is still ws', 'reason', ({ gaveUp }) => gaveUp?.transport === 'ws')
    expect(
      24_000,
      'ws, no try, and gaveUp is null',
      'reason',
      ({ current, trial: tried, gaveUp }) => current === 'ws' && tried === null && gaveUp === null,
    )
    const [silent = []] = await played(trial, reportsUntil(20_000, []))
    const around = silent.findLast(({ ms }) => ms <= 17_000)
    if (around && (around.current !== 'ws' || around.gaveUp !== null))
      differs(silent, around, 'No transport delivered anything for 17 s.', 'ws again, and gaveUp is null', 'reason')
    for (const [i, moment] of silent.entries()) {
      const before = silent[i - 1]
      if (!before || before.current === moment.current || moment.gaveUp === null) continue
      if (moment.gaveUp.transport === before.current && moment.gaveUp.trouble !== '') continue
      differs(
        silent,
        moment,
        'No transport delivered anything.',
        `gaveUp is ${before.current}, with a reason`,
        'reason',
      )
    }
  },
})
