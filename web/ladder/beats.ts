/**
 * Draws bytes that carry no chat message, such as heartbeats and closing frames. Most beats are drawn as a dotted line
 * with a hollow end.
 */
import type { BeatMark } from '../lane/mark.ts'
import { browserAtMs, shown } from './geometry.ts'
import type { Strip } from './geometry.ts'
import { createStamp } from './stamp.ts'
import { PALE, stroke } from './strokes.ts'
import type { Polyline } from './strokes.ts'

const DOTS = [2, 2.5]
const WIDTH = 1.25
const SMALL = 0.6

export function drawBeats(strip: Strip): void {
  const beats = shown(strip, strip.trace.beats).filter((beat) => landsAtMs(strip, beat) <= strip.untilMs)
  if (beats.length === 0) return
  const lines = (of: (beat: BeatMark) => boolean): readonly Polyline[] =>
    beats.filter(of).map((beat) => travel(strip, beat))
  const { pen, colours, colour } = strip
  // Control messages, such as `connected` and `retry:`, carry information, so their line is solid.
  stroke(
    strip,
    lines(({ is }) => is === 'control'),
    1,
    PALE,
  )
  pen.setLineDash(DOTS)
  stroke(
    strip,
    lines(({ is }) => is !== 'control' && is !== 'close'),
    WIDTH,
    PALE,
  )
  stroke(
    { ...strip, colour: colours.ink },
    lines(({ is }) => is === 'close'),
    WIDTH,
  )
  pen.setLineDash([])
  for (const beat of beats) land(strip, beat, beat.is === 'close' ? colours.ink : colour)
}

function land(strip: Strip, beat: BeatMark, line: string): void {
  const { pen, colours, sizes, trace, x, serverY, browserY } = strip
  const stamp = createStamp(pen, trace.name, sizes.dot * SMALL, { fill: colours.paper, line, lineWidth: WIDTH })
  stamp(x(landsAtMs(strip, beat)), beat.up ? serverY : browserY)
}

/**
 * Returns the path of a beat. An upright path gets a middle point, because `stroke` draws an upright line without one
 * as a rectangle, and a rectangle cannot be dotted.
 */
function travel({ trace, x, serverY, browserY }: Strip, beat: BeatMark): Polyline {
  const browserX = x(browserAtMs(trace, beat))
  const serverX = x(beat.atMs)
  return beat.up
    ? [browserX, browserY, (browserX + serverX) / 2, (browserY + serverY) / 2, serverX, serverY]
    : [serverX, serverY, (browserX + serverX) / 2, (browserY + serverY) / 2, browserX, browserY]
}

function landsAtMs({ trace }: Strip, beat: BeatMark): number {
  return beat.up ? beat.atMs : browserAtMs(trace, beat)
}
