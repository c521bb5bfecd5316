/** Saves the visible part of the ladder as files. */
import { now } from '../now.ts'
import { LANES } from '../lane/order.ts'
import { describeNetwork, isNeutral } from '../session/network.ts'
import type { SandboxSession } from '../session/session.ts'
import { readLightColours } from '../drawing/colours.ts'
import { toHandout } from './handout.ts'
import { createTracer } from '../ladder/trace.ts'
import { toSvg } from '../ladder/picture.ts'
import type { View } from '../ladder/picture.ts'
import { transports } from '../transports/index.ts'

export function exportSvg(session: SandboxSession, view: View): string {
  const pen = new OffscreenCanvas(1, 1).getContext('2d')
  return toSvg(session, view, readLightColours(), (font, text) => {
    if (!pen) return 0
    pen.font = font
    return pen.measureText(text).width
  })
}

export function exportText(session: SandboxSession, { span }: View): string {
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
        index: LANES.indexOf(lane.name),
        about: aboutLane(session, lane),
      })),
  })
}

function aboutLane(session: SandboxSession, { transport }: SandboxSession['lanes'][number]): string {
  const { verb, setting } = transports[transport]
  return setting ? `${verb} ${session[setting.name] / setting.perSecond} s` : verb
}
