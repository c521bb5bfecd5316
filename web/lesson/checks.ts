/**
 * Draws the list of checks, one line for each check. The first check that failed is open, and shows its bytes and
 * hints.
 */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { LessonFinding, LessonResult, LessonState } from '../../server/lessons/state.ts'
import { milliseconds } from '../page/format.ts'

const RUNGS = ['what was observed', 'where to look', 'the missing idea']

export interface Checked extends Omit<LessonResult, 'verdict'> {
  readonly verdict: LessonResult['verdict'] | 'not yet'
}

/**
 * Merges the results of a run into the list of checks. During the run, a check that has not run yet stays in the list
 * with the verdict `not yet`, so that no line jumps.
 */
export function merged(before: readonly Checked[], { is, results }: LessonState): readonly Checked[] {
  if (is !== 'checking') return results
  const rest = before.filter(
    ({ exercise, check }) => !results.some((one) => one.exercise === exercise && one.check === check),
  )
  return [...results, ...rest.map((one): Checked => ({ ...one, verdict: 'not yet', finding: null }))]
}

export interface CheckActs {
  check(): void
  hint(): void
  /** Begins a bug hunt, or goes back from a hunt to the lesson. */
  hunt(): void
}

export function checkList(
  checks: readonly Checked[],
  { is, said, rungs, hunt }: LessonState,
  number: number,
  acts: CheckActs,
): TemplateResult {
  const passed = checks.filter(({ verdict }) => verdict === 'pass').length
  const isPassed = checks.length > 0 && passed === checks.length && is === 'waiting'
  const turn = hunt ? 'Back to your work' : 'Hunt a bug'
  const first = checks.find(({ verdict }) => verdict === 'fail') ?? checks.find(({ finding }) => finding !== null)
  return html`<div class="head">
      <h2>${checks.length === 0 ? 'Checks' : `${passed} of ${checks.length} checks pass`}</h2>
      <span class="dim"
        >${hunt ? `bug hunt ${hunt.number} of ${hunt.of}` : html`the same as <code>npm run check ${number}</code>`}</span
      >
      <span class="acts"
        >${hunt || isPassed ? html`<button class="link" type="button" @click=${acts.hunt}>${turn}</button> ` : nothing}<button
          class="link"
          type="button"
          ?disabled=${is === 'checking'}
          @click=${acts.check}
        >
          Check again
        </button></span
      >
    </div>
    <p class="small dim" role="status">${said}</p>
    <ul>
      ${checks.map((one) => line(one, one === first, rungs, acts))}
    </ul>`
}

function line(checked: Checked, isFirst: boolean, rungs: number, acts: CheckActs): TemplateResult {
  const { verdict, title, ms, finding } = checked
  const row = html`<span class="is"
      >${verdict === 'fail' ? html`<b class="alarm">fail</b>` : verdict === 'pass' ? '✓ pass' : verdict}</span
    >
    <span class="title">${title}</span>
    <span class="took">${verdict === 'not yet' ? '' : `${milliseconds(ms, 1)} ms`}</span>`
  if (!finding) return html`<li class="check ${verdict}"><div class="row">${row}</div></li>`
  return html`<li class="check ${verdict === 'fail' ? 'fail' : ''}">
    <details ?open=${isFirst}>
      <summary class="row">${row}</summary>
      <div class="finding">
        ${explained(finding)} ${hints(finding, isFirst ? rungs : Math.min(rungs, 1), isFirst ? acts : null)}
      </div>
    </details>
  </li>`
}

function explained({ saw, where, why, ...seen }: LessonFinding): TemplateResult {
  return html`${where === undefined || saw.includes(where) ? nothing : html`<p><code>${where}</code></p>`}
    <p>${saw}</p>
    ${dump(seen)} ${why === undefined ? nothing : html`<p>${why}</p>`}`
}

/**
 * Draws the bytes that a check received. The first wrong bytes are marked. A caret stands below the wrong bytes, and
 * the wanted bytes stand below the caret.
 */
function dump({ bytes, at, wanted }: Pick<LessonFinding, 'bytes' | 'at' | 'wanted'>): TemplateResult | typeof nothing {
  if (bytes === undefined) return nothing
  let start = 0
  const lines = bytes.split('\n').map((text) => {
    const column = at !== undefined && at >= start && at <= start + text.length ? at - start : null
    start += text.length + 1
    return { text, column }
  })
  // The wanted bytes begin in the caret's column. The label of the wanted bytes stands to the left, so the label needs
  // space there.
  const isTight = wanted !== undefined && lines.some(({ column }) => column !== null && column < LABEL.length)
  const gutter = isTight ? ' '.repeat(LABEL.length) : ''
  const pieces = lines.flatMap(({ text, column }): readonly (string | TemplateResult)[] => {
    if (column === null) return [`${gutter}${text}\n`]
    const wrong = /^(?:\w+|[^]?)/.exec(text.slice(column))?.[0] ?? ''
    const blank = `${gutter}${' '.repeat(column)}`
    const before = `${gutter}${text.slice(0, column)}`
    const after = `${text.slice(column + wrong.length)}\n${blank}^\n`
    const label =
      wanted === undefined ? [] : [html`<span class="dim">${LABEL + blank.slice(LABEL.length) + wanted}</span>`, '\n']
    return [before, html`<mark>${wrong}</mark>`, after, ...label]
  })
  return html`<pre class="dump" tabindex="0" role="region" aria-label="Bytes that crossed the wire">${pieces}</pre>`
}

const LABEL = 'wanted: '

function hints({ hint }: LessonFinding, rungs: number, acts: CheckActs | null): TemplateResult | typeof nothing {
  if (!hint) return nothing
  const shown = hint.slice(0, rungs)
  return html`<div class="hint">
    <div>
      ${shown.map((rung, i) => html`<p>${i === 0 ? html`<b>Hint.</b> ` : nothing}${rung}</p>`)}
      <p class="small dim">
        ${shown.length} of ${hint.length}:
        ${RUNGS.map((name, i) => html`${i > 0 ? ' · ' : ''}${i === shown.length - 1 ? html`<b>${name}</b>` : name}`)}
      </p>
    </div>
    ${acts && shown.length < hint.length ? html`<button class="button" type="button" @click=${acts.hint}>Next hint</button>` : nothing}
  </div>`
}
