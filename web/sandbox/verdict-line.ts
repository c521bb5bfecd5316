/** Draws the verdict about the lanes that are switched on. */
import { html } from 'lit'
import type { TemplateResult } from 'lit'
import { READERS, hourFor, partsPerMessage } from '../lab/cost.ts'
import type { Hour } from '../lab/cost.ts'
import type { Lane } from '../lane/lane.ts'
import { now } from '../now.ts'
import { LABELS } from '../lane/order.ts'
import { quantileOf } from '../session/delays.ts'
import type { SessionFacts } from '../session/session.ts'
import { transports } from '../transports/index.ts'
import { verdictOf } from './verdict.ts'
import type { ComparedLane } from './verdict.ts'

export function verdictLine(session: SessionFacts): TemplateResult {
  const lanes = session.lanes.filter(({ state }) => state.is !== 'off')
  return html`<p class="verdict">
    ${verdictOf(
      lanes.map((lane) => figuresOf(session, lane)),
      session.ratePerSecond === 0,
    )}
  </p>`
}

function figuresOf(session: SessionFacts, lane: Lane): ComparedLane {
  const label = LABELS[lane.transport]
  const parts = partsPerMessage(lane.usage)
  return {
    // A name of two words begins with an ordinary word: "Short polling".
    name: label.includes(' ') ? label.slice(0, 1).toLowerCase() + label.slice(1) : label,
    median: quantileOf(session, lane, 0.5),
    isEnough: lane.latencies.enough(0.5),
    bytesPerMessage: parts && parts.payload + parts.framing + parts.heads + parts.nothing,
    trouble: TROUBLES[session.statusOf(lane).is] ?? null,
    hour: hourOf(lane),
    reasonFor: (laterMs) => reasonOf(session, lane, laterMs),
  }
}

const TROUBLES: Readonly<Record<string, string>> = {
  refused: 'refused',
  degraded: 'held back by a proxy',
  waiting: 'without messages, because the event log is away',
  dropped: 'dropped, because it reads too slowly',
}

/** In this time a stream has had two heartbeats, which are its only bytes while nothing is published. */
const LEAST_SILENCE_MS = 31_000

/** Returns what an hour costs one reader of this lane; null while the figures are too young. */
function hourOf(lane: Lane): Hour | null {
  const hour = now() - lane.tally.sinceMs < LEAST_SILENCE_MS ? null : hourFor(lane)
  return hour && { requests: hour.requests / READERS, bytes: hour.bytes / READERS }
}

/** The mean wait for a poll is half the pause. A median of few messages may differ from it by a third. */
const HALF = { from: 1 / 3, to: 2 / 3 }

function reasonOf(session: SessionFacts, { transport }: Lane, laterMs: number): string | null {
  const { setting } = transports[transport]
  if (setting?.name !== 'intervalMs') return null
  const pauses = laterMs / session.intervalMs
  return pauses >= HALF.from && pauses <= HALF.to
    ? `half its pause of ${session.intervalMs / setting.perSecond} s`
    : null
}
