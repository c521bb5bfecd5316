/** Draws the prediction and the measurement on one axis. */
import { html, nothing, svg } from 'lit'
import type { SVGTemplateResult, TemplateResult } from 'lit'
import type { TransportName } from '../../server/protocol/feed.ts'
import { shapesPath } from '../drawing/shape-path.ts'
import { TRANSPORTS } from '../lane/order.ts'
import { votedText } from '../show/votes.ts'
import type { StageFacts } from './facts.ts'
import type { MeasuredFigure } from './figures.ts'
import type { PredictionPicture } from './prediction.ts'

const WIDTH = 1200
/** A label at an edge of the picture keeps this distance from the side. */
const EDGE = 110
/** Space for the word `expected`. */
const WORD = 130
/** Height of a label at an edge. */
const FLAG = 40

export function predictionView(
  picture: PredictionPicture,
  found: MeasuredFigure,
  { state }: StageFacts,
): TemplateResult {
  const { height, isLow, above, below, left, right, answers, said, measured } = picture
  const edge = isLow ? 0 : FLAG
  return html`<section class="prediction" aria-label="What the class said, and what was measured">
    <svg viewBox=${`0 0 ${WIDTH} ${height}`} aria-hidden="true">
      <path class="axis" d=${`M${left} ${above}H${right}M${left} ${below}H${right}`} />
      ${expectation(picture)}
      <path class="votes" d=${answers.map(({ blocks }) => blocks).join('')} />
      ${answers.map(({ count, x, countY }) => (count === null || count === 0 ? nothing : svg`<text x=${x} y=${countY}>${count}</text>`))}
      ${marks(picture)}
      ${said ? svg`<path class="said" d=${`M${said.x} ${isLow ? above - 16 : edge}V${below}`} />` : nothing}
      ${measured ? svg`<path class="measured" data-lane=${measured.lane ?? 'yours'} d=${`M${measured.x} ${above}V${isLow ? below + 12 : height - edge}`} />` : nothing}
      ${answers.map(({ count, x, countY }) => (count && said?.x === x ? svg`<text class="over" x=${x} y=${countY}>${count}</text>` : nothing))}
    </svg>
    <p class="side" .style=${`bottom: ${rem(height - above + 2)}`}>
      <b>You said${isLow && said ? ` ${said.text}` : ''}</b><span>${votedText(state)}</span>
    </p>
    <p class="side" .style=${`top: ${rem(below + 2)}`}>
      <b>It is${isLow && measured ? ` ${measured.text}` : ''}</b
      ><span>${picture.marks.length > 0 || measured ? found.counted : '–'}</span>
    </p>
    ${answers.map(
      ({ x, width, text, isRight }) =>
        html`<p class="tick" .style=${`left: ${rem(x)}; top: ${rem(above)}; max-width: ${rem(width)}`}>
          ${isRight ? html`<b class="alarm">${text}</b>` : text}
        </p>`,
    )}
    ${said && !isLow ? html`<p class="flag" .style=${at(said.x, 'top')}>the class: ${said.text}</p>` : nothing}
    ${measured && !isLow ? html`<p class="flag" data-lane=${measured.lane ?? 'yours'} .style=${at(measured.x, 'bottom')}>measured: ${measured.text}</p>` : nothing}
  </section>`
}

function expectation({ expected, below, right, marks }: PredictionPicture): SVGTemplateResult | typeof nothing {
  if (!expected) return nothing
  const [from, to] = expected
  // The word stands outside, on the side that has space for it.
  const isLeft = to + WORD > right || marks.some(({ x }) => x > to && x < to + WORD)
  return svg`<rect class="expected" x=${from} y=${below} width=${to - from} height="38" /><text
    class=${isLeft ? 'expected before' : 'expected'} x=${isLeft ? from - 10 : to + 10} y=${below + 30}>expected</text>`
}

function marks({ marks, r }: PredictionPicture): readonly SVGTemplateResult[] {
  return [...TRANSPORTS, null].flatMap((lane: TransportName | null) => {
    const own = marks.filter(({ of }) => of.lane === lane)
    const name = lane ?? 'yours'
    return own.length === 0 ? [] : svg`<path class="marks" data-lane=${name} d=${shapesPath(name, own, r)} />`
  })
}

function at(x: number, edge: 'top' | 'bottom'): string {
  return `left: ${rem(Math.max(EDGE, Math.min(WIDTH - EDGE, x)))}; ${edge}: 0`
}

export const rem = (px: number): string => `${px / 16}rem`
