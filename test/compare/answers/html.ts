/** The result for answers as one HTML file, which needs nothing else. */
import { distributionChart, seriesOf, timeChart } from '../chart.ts'
import { pageOf } from '../html.ts'
import { countText, escaped, msText } from '../words.ts'
import type { AnswerReport } from './report.ts'
import type { AnswerSummary, AnswerPart } from './summary.ts'
import { ANSWER_NOTE, PARTS, costRowsOf, timeRowsOf } from './table.ts'

export function answerHtmlOf(report: AnswerReport): string {
  const { results, verdict, changes, broken, startedAt } = report
  const paragraphs = changes.map((text) => `<p>${escaped(text)}</p>`)
  const limits = broken.map((text) => `<p class="broken">${escaped(text)}</p>`)
  return pageOf(
    `Streamed answers of ${report.workload.url ?? ''}`,
    `<h1>Streamed answers</h1>
<p class="verdict">${escaped(verdict)}</p>
${[...limits, ...paragraphs].join('\n')}
<h2>Figures</h2>
<div class="wide">${tableOf(timeRowsOf(results))}</div>
<div class="wide">${tableOf(costRowsOf(results))}</div>
<p class="note">${escaped(ANSWER_NOTE).replaceAll('\n', '<br>')}</p>
${results.map(chartsOf).join('\n')}
<h2>Conditions</h2>
<table class="facts">${factsOf(report)
      .map(([name, value]) => `<tr><th>${name}</th><td>${escaped(value)}</td></tr>`)
      .join('')}</table>
<p class="note">Measured on ${escaped(startedAt)}.</p>`,
  )
}

function tableOf([head = [], ...rows]: readonly (readonly string[])[]): string {
  const lines = rows.map((row) => `<tr>${row.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`)
  return `<table><tr>${head.map((cell) => `<th>${escaped(cell)}</th>`).join('')}</tr>${lines.join('')}</table>`
}

/** Pictures of the times of one way to ask; nothing if no answer was complete. */
function chartsOf(summary: AnswerSummary): string {
  if (summary.answers === 0) return ''
  const { transport, overTime } = summary
  const parts = (Object.keys(PARTS) as AnswerPart[]).filter((part) => summary[part].distribution.length > 0)
  const keys = parts.map(
    (part, i) =>
      `<span class="key"><svg viewBox="0 0 36 8" aria-hidden="true"><polyline class="${seriesOf(i)}" points="0,4 36,4"/></svg>${PARTS[part]}</span>`,
  )
  return `<h2>${escaped(transport)}: share of the times that are shorter than a time</h2>
<p>${keys.join('')}</p>
${distributionChart(parts.map((part) => summary[part]))}
<h2>${escaped(transport)}: time until the first event, over time</h2>
${timeChart({ transport: `the first event of ${transport}`, overTime }, 0, [summary.first], NO_TEXTS)}
<p class="note">A point is an answer. The answers of all repetitions are in one picture.</p>`
}

/** Answers have no scenario. */
const NO_TEXTS = { start: '', end: '', events: [] }

function factsOf({ machine, workload, results, version }: AnswerReport): readonly (readonly [string, string])[] {
  const { adapter, url, isHttp2, clients, rate, bytes, seconds, warmup, repeat } = workload
  const own = results.map(
    ({ transport, own }) =>
      `${transport}: busy ${msText(own.busyMs)} ms, sent late ${msText(own.slipMs)} ms, other programs ${own.othersShare === null ? 'unknown' : `${(100 * own.othersShare).toFixed(0)} %`}`,
  )
  return [
    ['Server', `${url}, by the adapter ${adapter}${isHttp2 ? ', over HTTP/2' : ''}`],
    [
      'Workload',
      `${countText(clients)} clients that ask in turn, ${rate} requests a second in total, with a payload of ${countText(bytes)} bytes`,
    ],
    ['Time', `${repeat} repetitions of ${seconds} s, after ${warmup} s of warm-up`],
    ['Measuring program', own.join('; ')],
    ['Machine', `${machine.cpu}, ${machine.cores} cores, ${machine.system}, load ${machine.load.toFixed(1)}`],
    ['Versions', `Fourwire ${version}, Node ${machine.node}`],
  ]
}
