/**
 * Draws answers that are no numbers, and answers without space for an axis: a column for each answer, with the votes as
 * blocks above it. The right answer is inverse.
 */
import { html, svg } from 'lit'
import type { TemplateResult } from 'lit'
import { nothing } from 'lit'
import { shape } from '../lane/shape.ts'
import { countsOf, votedText } from '../show/votes.ts'
import { blocksPath, stacksOf } from './blocks.ts'
import type { StageFacts } from './facts.ts'

const WIDTH = 1200
/** Free space at the sides of the blocks of an answer. */
const MARGIN = 24
/** Height of an answer's text, and of the count above the blocks. */
const TEXT = 68
const COUNT = 34
/** Highest stack of blocks. Even if the whole space is free, the votes stay together. */
const HIGHEST = 300

export function answersView({ scene, state }: StageFacts, height: number): TemplateResult {
  const counts = state.step === 'predict' ? null : countsOf(state)
  const width = WIDTH / scene.answers.length
  const space = height - TEXT
  const isLow = space < 80
  const places = scene.answers.map(() => ({ x: width / 2, width: width - 2 * MARGIN }))
  const stacks = stacksOf(counts ?? [], places, space - 2, isLow ? space - 4 : Math.min(HIGHEST, space - COUNT))
  return html`<section
    class=${isLow ? 'answers low' : 'answers'}
    aria-label=${`Answers. ${votedText(state)} have voted.`}
  >
    ${scene.answers.map(({ text, lane }, i) => {
      const isRight = state.step === 'explain' && state.outcome?.right === i
      const count = counts?.[i] ?? null
      const blocks = stacks[i] ?? []
      const top = Math.min(space - 2, ...blocks.map(({ y }) => y))
      return html`<div class="answer">
        <svg viewBox=${`0 0 ${width} ${space}`} aria-hidden="true">
          <path class="votes" d=${blocksPath(blocks)} />
          <path class="axis" d=${`M8 ${space - 1}H${width - 8}`} />
          ${count === null || count === 0 || isLow ? nothing : svg`<text x=${width / 2} y=${top - 8}>${count}</text>`}
        </svg>
        <p>
          ${isRight ? html`<b class="alarm">${text}</b>` : html`<span>${lane ? shape(lane) : nothing} ${text}</span>`}
          ${count === null ? nothing : html`<span class=${isLow ? 'count' : 'vh'}>${isLow ? ` · ${count}` : `, ${count} votes`}</span>`}
        </p>
      </div>`
    })}
  </section>`
}
