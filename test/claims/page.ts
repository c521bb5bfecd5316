/** The result as one HTML file, which needs nothing else. */
import { pageOf } from '../compare/html.ts'
import { escaped } from '../compare/words.ts'
import { OUTCOMES } from './claim.ts'
import type { ClaimFigure } from './claim.ts'
import type { CheckedClaim, ClaimsReport } from './report.ts'

const TITLE = 'Published claims, measured again'

export function claimsPageOf(report: ClaimsReport): string {
  const { claims, machine, startedAt, seconds, isQuick, version } = report
  const facts = [
    ['Machine', `${machine.cpu}, ${machine.cores} cores, ${machine.system}`],
    ['Load', `${claims.map(({ number, load }) => `claim ${number}: ${load.toFixed(1)}`).join(', ')}`],
    ['Time', `${startedAt}, ${seconds} s${isQuick ? ', with --quick, which can tell less' : ''}`],
    ['Versions', `Fourwire ${version}, Node ${machine.node}`],
  ] as const
  return pageOf(
    TITLE,
    `<h1>${TITLE}</h1>
<p class="verdict">Each claim below was published with a number or a rule. This program measured it again on this
machine. Every outcome follows from a criterion that was written before the measurement.</p>
${overview(claims)}
${claims.map(sectionOf).join('\n')}
<h2>Conditions</h2>
<table class="facts">${facts.map(([name, value]) => rowOf('th', name, value)).join('')}</table>`,
  )
}

function overview(claims: readonly CheckedClaim[]): string {
  const rows = claims.map(({ number, statement, outcome }) => rowOf('th', `${number}. ${outcome}`, statement))
  return `<div class="wide"><table class="facts">${rows.join('')}</table></div>`
}

function sectionOf({
  number,
  statement,
  source,
  about,
  published,
  method,
  criterion,
  differs,
  outcome,
  why,
  figures,
  samples,
}: CheckedClaim): string {
  const facts = [
    ['Source', source],
    ['Published settings', published],
    ['Method', method],
    ...OUTCOMES.map((name) => [`Counts as ${name}`, criterion[name]] as const),
    ['What differs', differs.join(' ')],
    ['Samples', samples],
  ] as const
  return `<h2>${number}. ${escaped(statement)}</h2>
<p class="verdict"><strong>${outcome}</strong>: ${escaped(why)}</p>
<p>${escaped(about)}</p>
<div class="wide"><table><tr><th>figure</th><th>published</th><th>here</th></tr>${figures.map(figureRow).join('')}</table></div>
<table class="facts">${facts.map(([name, value]) => rowOf('th', name, value)).join('')}</table>`
}

const figureRow = ({ what, published, ours }: ClaimFigure): string => rowOf('td', what, published ?? '–', ours)

/** Returns a row whose first cell has the given tag. */
const rowOf = (tag: 'th' | 'td', first: string, ...others: readonly string[]): string =>
  `<tr><${tag}>${escaped(first)}</${tag}>${others.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`
