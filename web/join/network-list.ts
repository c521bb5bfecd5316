/** Draws what the network lets through, a row for each transport. The row of the carrier has the seat's lane. */
import { html, nothing } from 'lit'
import { keyed } from 'lit/directives/keyed.js'
import type { TemplateResult } from 'lit'
import type { TransportName } from '../../server/protocol/feed.ts'
import type { Preflight } from '../../server/protocol/show.ts'
import type { Colours } from '../drawing/colours.ts'
import '../ladder/ladder.ts'
import { foundText, networkSentence } from '../lab/found.ts'
import { CHECKED, HELD_MS } from '../lab/preflight.ts'
import type { Lane } from '../lane/lane.ts'
import { LABELS } from '../lane/order.ts'
import { shape } from '../lane/shape.ts'
import { milliseconds, plusMinus } from '../page/format.ts'
import type { Controls } from '../page/controls.ts'
import { clockBoundMs, quantileOf } from '../session/delays.ts'
import type { SandboxSession } from '../session/session.ts'
import type { JoinedSeat } from './seat.ts'

export function networkList(joined: JoinedSeat, colours: Colours | undefined): TemplateResult {
  const { session, between, checkedAt, lane, carrier } = joined
  const { lost, doubled } = countsOf(session)
  const boundMs = clockBoundMs(session)
  return html`<section class="network-list" aria-label="What your network lets through">
    <h2>
      What your network lets through
      <span class="dim">${checkedAt ? `checked at ${clockTime(checkedAt)}` : 'checks for 4 s'}</span>
    </h2>
    <p class="sentence">
      ${between ? networkSentence(between.found) : 'The page tries four ways at the same time.'} ${carrier?.why ?? ''}
    </p>
    <ul>
      ${CHECKED.map((name) => row(joined, name, lane?.transport === name ? lane : undefined, colours))}
    </ul>
    <p class="line">
      <span
        >${lost > 0 ? html`<b class="alarm">${lost} lost</b>` : '0 lost'} ·
        ${doubled > 0 ? html`<b class="alarm">${doubled} doubled</b>` : '0 doubled'}</span
      >
      <span>clock ${plusMinus(boundMs)} ms</span>
    </p>
    <p><a href="/between">What is between me and this server?</a></p>
  </section>`
}

function row(
  joined: JoinedSeat,
  name: TransportName,
  lane: Lane | undefined,
  colours: Colours | undefined,
): TemplateResult {
  const { session, between, seat } = joined
  const found = between?.found.find(({ transport }) => transport === name)
  const p50Ms = lane && quantileOf(session, lane, 0.5)?.ms
  return html`<li data-lane=${name} aria-label=${LABELS[name]}>
    <h3>${shape(name, !lane)} ${LABELS[name]}</h3>
    ${lane ? html`<p class="p50"><b>${milliseconds(p50Ms, clockBoundMs(session) ?? 0)}</b> ms</p>` : nothing}
    <p class="state">
      ${lane ? carried(joined, lane) : found ? finding(found) : html`<span class="dim">being checked</span>`}
      ${!lane && seat?.dealt === name ? html`<span class="dim">· dealt to you</span>` : nothing}
    </p>
    ${lane ? strip(session, lane, colours) : !joined.carrier && seat?.dealt === name ? SPACE : nothing}
  </li>`
}

function finding(found: Preflight): TemplateResult {
  const text = foundText(found)
  if (found.found !== 'works') return html`<b class="alarm">${text}</b>`
  return html`<span>${text}${found.ms === undefined || found.ms >= HELD_MS ? '' : ` · ${found.ms} ms`}</span>`
}

function carried({ session, seat }: JoinedSeat, lane: Lane): TemplateResult {
  const { text, alarm } = session.statusOf(lane)
  const whose = seat && seat.dealt !== lane.transport ? `instead of ${LABELS[seat.dealt]}` : 'your lane'
  return html`${whose} · ${alarm ? html`<b class="alarm">${alarm}</b> ` : nothing}${text}`
}

/** Space of the strip, until the lane is there. So nothing moves when the strip appears. */
const SPACE = html`<div class="picture"><div class="strip"></div></div>`

/** The ladder draws all lanes of its session, so it gets a session with only this lane. */
function strip(session: SandboxSession, lane: Lane, colours: Colours | undefined): TemplateResult {
  const alone = Object.create(session, { lanes: { value: [lane] } }) as SandboxSession
  return html`<div class="picture">
    <div class="strip"></div>
    ${keyed(
      lane.name,
      html`<fw-ladder
        .session=${alone}
        .controls=${NO_CONTROLS}
        .zoom=${1}
        .pausedMs=${null}
        .colours=${colours}
        .opened=${null}
      ></fw-ladder>`,
    )}
  </div>`
}

const NO_CONTROLS: Controls = {
  say() {},
  readOut() {},
  pause() {},
  zoomBy: () => 1,
  open() {},
  close() {},
}

function countsOf({ lanes }: SandboxSession): { readonly lost: number; readonly doubled: number } {
  let [lost, doubled] = [0, 0]
  for (const { ledger } of lanes) {
    lost += ledger.counts.lost
    doubled += ledger.counts.duplicated
  }
  return { lost, doubled }
}

const clockTime = (date: Date): string =>
  date.toLocaleTimeString('en', { hour: '2-digit', minute: '2-digit', hour12: false })
