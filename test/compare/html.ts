/** The result as one HTML file, which needs nothing else. */
import { distributionChart, seriesOf, timeChart } from './chart.ts'
import { conditionsText } from './conditions.ts'
import type { Report } from './report.ts'
import { scenarioTableOf } from './scenarios/figures.ts'
import { scenarioText, timeTextsOf } from './scenarios/scenario.ts'
import type { Summary } from './summary.ts'
import { COLUMNS, NOTE } from './table.ts'
import { countText, escaped, msText } from './words.ts'

const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#16191d, #eceff2); --soft: light-dark(#5f6872, #98a1ab);
  --line: light-dark(#d9dee3, #363d45); --s0: light-dark(#0b62c4, #6db3ff); --s1: light-dark(#b3471d, #ff9d6e);
  --s2: light-dark(#00775a, #2fd698); --s3: light-dark(#8a3ab9, #cf9bf2); --s4: light-dark(#8a6a00, #e6c34a);
  --s5: light-dark(#a8295b, #ff8fb5); }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: light-dark(#fff, #16191d);
  max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
.verdict { font-size: 1.1rem; max-width: 60rem } .broken { font-weight: 600; color: light-dark(#a3192c, #ff8d96) }
.wide { overflow-x: auto; font-size: .85rem } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap }
th:first-child, td:first-child { text-align: left } .facts td { text-align: left; white-space: normal }
p.note { color: var(--soft); max-width: 60rem } svg { width: 100%; height: auto; max-width: 60rem; display: block }
.grid line { stroke: var(--line) } .grid line.event { stroke: var(--soft); stroke-dasharray: 4 3 } .grid text { fill: var(--soft); font-size: 12px }
polyline { fill: none; stroke-width: 2 } .key { display: inline-flex; align-items: center; gap: .4rem; margin-right: 1.2rem }
.key svg { width: 2.2rem } circle { stroke: none; opacity: .7 }
${Array.from({ length: 6 }, (_, i) => `polyline.s${i} { stroke: var(--s${i}) } circle.s${i} { fill: var(--s${i}) }`).join('\n')}
.s1 { stroke-dasharray: 9 3 } .s2 { stroke-dasharray: 3 3 } .s3 { stroke-dasharray: 12 3 3 3 } .s4 { stroke-dasharray: 6 6 }
@media print { body { margin: 0 } }`

export function htmlOf(report: Report): string {
  const { results, verdict, changes, broken, startedAt } = report
  const paragraphs = changes.map((text) => `<p>${escaped(text)}</p>`)
  const limits = broken.map((text) => `<p class="broken">${escaped(text)}</p>`)
  const drawn = results.filter(({ deliveries }) => deliveries > 0)
  return pageOf(
    `Comparison of ${results.map(({ transport }) => transport).join(', ')}`,
    `<h1>Comparison of transports</h1>
<p class="verdict">${escaped(verdict)}</p>
${[...limits, ...paragraphs].join('\n')}
<h2>Figures</h2>
<div class="wide">${tableOf(results)}</div>
<p class="note">${escaped(NOTE).replaceAll('\n', '<br>')}</p>
${scenarioOf(report)}
<h2>Share of the deliveries that arrive within a delay</h2>
<p>${drawn.map(keyOf).join('')}</p>
${distributionChart(drawn)}
<p class="note">A delay begins at the time that the schedule intends for the message, and ends when the client has read it.${doubtOf(results)}</p>
<h2>Delay of each message over time</h2>
${drawn.map((result, i) => `<h3>${escaped(result.transport)}</h3>${timeChart(result, i, drawn, timeTextsOf(report.workload))}`).join('\n')}
<p class="note">A point is the median of all clients. The points of all repetitions are in one picture.</p>
<h2>Conditions</h2>
<table class="facts">${factsOf(report)
      .map(([name, value]) => `<tr><th>${name}</th><td>${escaped(value)}</td></tr>`)
      .join('')}</table>
<p class="note">Measured on ${escaped(startedAt)}.</p>`,
  )
}

/** Returns a page that needs no other file. `body` is HTML; `title` is text. */
export function pageOf(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
${body}
</html>
`
}

/** Returns the section of the scenario; an empty text for a steady rate. */
function scenarioOf({ results, workload }: Report): string {
  const table = scenarioTableOf(results)
  if (!table) return ''
  return `<h2>Scenario</h2>
<p>${escaped(sentence(scenarioText(workload)))}</p>
<div class="wide">${rowsOf([table.titles, ...results.map((result) => table.cells(result))])}</div>
<p class="note">${escaped(table.note).replaceAll('\n', '<br>')}</p>`
}

/** Begins with a capital letter. */
const sentence = (text: string): string => `${text[0]?.toUpperCase()}${text.slice(1)}`

function tableOf(results: readonly Summary[]): string {
  return rowsOf([COLUMNS.map(({ title }) => title), ...results.map((one) => COLUMNS.map(({ text }) => text(one)))])
}

/** The first row is the head. */
function rowsOf([head = [], ...rows]: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: 'th' | 'td'): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`
  return `<table>${row(head, 'th')}${rows.map((cells) => row(cells, 'td')).join('')}</table>`
}

const keyOf = ({ transport }: Summary, i: number): string =>
  `<span class="key"><svg viewBox="0 0 36 8" aria-hidden="true"><polyline class="${seriesOf(i)}" points="0,4 36,4"/></svg>${escaped(transport)}</span>`

const doubtOf = (results: readonly Summary[]): string =>
  results.some(({ doubt }) => doubt !== null)
    ? ' The pictures also show transports whose delays cannot be told: their delays may be those of the clients.'
    : ''

function factsOf({ machine, workload, results, version }: Report): readonly (readonly [string, string])[] {
  const { adapter, url, isHttp2, clients, rate, bytes, seconds, warmup, ramp, interval, wait, repeat } = workload
  const { scenario, rateTo } = workload
  const own = results.map(
    ({ transport, own }) =>
      `${transport}: busy ${msText(own.busyMs)} ms, sent late ${msText(own.slipMs)} ms, timers late ${msText(own.loopDelayMs)} ms, other programs ${own.othersShare === null ? 'unknown' : `${(100 * own.othersShare).toFixed(0)} %`}${own.relay ? `, relay busy ${(100 * own.relay.busyShare).toFixed(0)} % of the time and its timers late ${msText(own.relay.loopDelayMs)} ms` : ''}`,
  )
  return [
    [
      'Server',
      `${url ?? 'a Fourwire that was started for each measurement'}, by the adapter ${adapter}${isHttp2 ? ', over HTTP/2' : ''}`,
    ],
    [
      'Workload',
      `${countText(clients)} clients, ${scenario === 'ramp' ? `${rate} to ${rateTo}` : rate} messages a second of ${countText(bytes)} bytes`,
    ],
    [
      'Time',
      `${repeat} repetitions of ${seconds} s for each transport, after ${ramp} s of connecting and ${warmup} s of warm-up`,
    ],
    ['Scenario', scenarioText(workload)],
    ['Network', `between the clients and the server: ${conditionsText(workload)}`],
    ['Polls', `a short poll every ${interval} s; a long poll is held for up to ${wait} s`],
    [
      'Samples',
      results
        .map(
          ({ transport, messages, deliveries, independent }) =>
            `${transport}: ${countText(messages)} messages, ${countText(deliveries)} deliveries, ${countText(independent)} independent`,
        )
        .join('; '),
    ],
    ['Measuring programs', own.join('; ')],
    [
      'Machine',
      `${machine.cpu}, ${machine.cores} cores, ${machine.system}, load ${machine.load.toFixed(1)}; server and clients ${machine.isPinned ? 'had cores of their own' : 'shared the cores'}`,
    ],
    ['Clock', 'The publisher and the clients share the monotonic clock of this machine.'],
    ['Versions', `Fourwire ${version}, Node ${machine.node}`],
  ]
}
