/** Draws the lanes of a scene: one or two large ones with name and setting, or up to four with the names in the strips. */
import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import type { TransportName } from '../../server/protocol/feed.ts'
import type { LaneFigures, Scene } from '../../server/protocol/show.ts'
import type { Colours } from '../drawing/colours.ts'
import '../ladder/ladder.ts'
import { LABELS } from '../lane/order.ts'
import { shape } from '../lane/shape.ts'
import type { Controls } from '../page/controls.ts'
import { DASH, bytes } from '../page/format.ts'
import type { SandboxSession } from '../session/session.ts'
import { transports } from '../transports/index.ts'
import type { StageFacts } from './facts.ts'
import { delayText } from './figures.ts'
import { rem } from './prediction-view.ts'

/** What the strips need besides the facts. Without it, the strips are empty, as in a recording. */
export interface LiveStrips {
  readonly session: SandboxSession
  readonly colours: Colours
  readonly controls: Controls
}

const LARGE_LANES = 2
/** The strips are drawn at half of their size and then magnified, so that all strokes are doubled. */
const MAGNIFIED = 2

export function lanesView(facts: StageFacts, row: number, live: LiveStrips | null): TemplateResult {
  const { scene, state } = facts
  const isLarge = scene.lanes.length <= LARGE_LANES
  const isRunning = state.step === 'run' || state.step === 'explain'
  const strips = isRunning ? live : null
  const size = isLarge ? (scene.lanes.length === 1 ? 'one' : 'two') : 'many'
  return html`<div class=${`lanes ${size} ${strips ? '' : 'still'}`} .style=${`--row: ${rem(row)}`}>
    ${scene.lanes.map((lane) => laneRow(facts, lane, isLarge, strips !== null, isRunning))}
    ${
      strips
        ? html`<fw-ladder
            class="score"
            .session=${strips.session}
            .lanes=${strips.session.lanes}
            .controls=${strips.controls}
            .colours=${strips.colours}
            .zoom=${1}
            .magnified=${MAGNIFIED}
            .pausedMs=${null}
            .opened=${null}
          ></fw-ladder>`
        : nothing
    }
  </div>`
}

function laneRow(
  { scene, lanes }: StageFacts,
  lane: TransportName,
  isLarge: boolean,
  hasStrip: boolean,
  isRunning: boolean,
): TemplateResult {
  const figures = isRunning ? lanes.find((one) => one.lane === lane) : undefined
  const named = isLarge || !hasStrip
  const [delay, unit] = delayText(figures?.p50Ms)
  return html`<section class="lane" aria-label=${LABELS[lane]}>
    ${
      named
        ? html`<div class="who">
            <h2>${shape(lane)} ${LABELS[lane]}</h2>
            ${isLarge ? html`<p>${doing(scene, lane)}</p>` : nothing}
          </div>`
        : html`<h2 class="vh">${LABELS[lane]}</h2>`
    }
    <div class="strip">
      ${hasStrip ? nothing : html`<span class="server">server</span><span class="browser">browser</span>`}
    </div>
    <div class="figure">
      <p class="big">${delay}<small>${unit}</small></p>
      <p>${isLarge ? 'typical delay' : second(scene, figures)}</p>
      ${isLarge ? html`<p>${second(scene, figures)}</p>` : nothing}
    </div>
  </section>`
}

/** Returns what the lane does, with its setting in this scene. */
function doing({ pollMs }: Scene, lane: TransportName): string {
  const { verb, setting } = transports[lane]
  if (!setting) return verb
  return `${verb} ${(setting.name === 'intervalMs' ? (pollMs ?? setting.usual) : setting.usual) / setting.perSecond} s`
}

/** Returns the figure below the typical delay: the one that the question is about. */
function second({ figure }: Scene, figures: LaneFigures | undefined): string {
  if (!figures) return ''
  const { n, lost, doubled, bytesPerMessage, expected } = figures
  if (figure?.of === 'lost') return `${lost} lost · ${doubled} doubled`
  if (figure?.of === 'bytes' || figure?.of === 'cheapest') return `${bytes(bytesPerMessage)} a message`
  if (figure?.of === 'stopped') return n === 0 ? 'nothing arrived' : `${n} arrived`
  return `expected ${expected ? delayText(expected.p50Ms).join(' ') : DASH}`
}
