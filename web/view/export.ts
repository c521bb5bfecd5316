/** What the ladder shows, as files. */
import { now } from '../now.ts'
import { describeNetwork, isNeutral } from '../state/network.ts'
import type { Session } from '../state/session.ts'
import { readLightColours } from './colours.ts'
import { toHandout } from './handout.ts'
import { createTracer } from './ladder/trace.ts'
import { toSvg } from './picture.ts'
import type { View } from './picture.ts'
import { VERBS } from './words.ts'

export function exportSvg(session: Session, view: View): string {
  const pen = new OffscreenCanvas(1, 1).getContext('2d')
  return toSvg(session, view, readLightColours(), (font, text) => {
    if (!pen) return 0
    pen.font = font
    return pen.measureText(text).width
  })
}

export function exportText(session: Session, { span }: View): string {
  const { room, offsetMs, clock, conditions, presets, messages, lanes } = session
  return toHandout({
    room,
    offsetMs,
    boundMs: clock.at(now())?.boundMs ?? null,
    network: conditions === null || isNeutral(conditions) ? '' : describeNetwork(conditions, presets),
    fromMs: span.fromMs,
    endMs: Math.min(span.endMs, span.nowMs),
    messages: messages.all,
    lanes: lanes
      .filter(({ on }) => on)
      .map((lane) => ({
        trace: createTracer(session, lane)(span.pxPerMs, () => 0, span.dense),
        index: lanes.indexOf(lane),
        about: aboutLane(session, lane),
      })),
  })
}

function aboutLane({ intervalMs, waitS }: Session, { transport }: Session['lanes'][number]): string {
  const setting = { 'short-poll': ` ${intervalMs / 1000} s`, 'long-poll': ` ${waitS} s`, sse: '', ws: '' }[transport]
  return `${VERBS[transport]}${setting}`
}
