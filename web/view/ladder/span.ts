/** Which stretch of time the ladder shows. */
import { now } from '../../now.ts'
import type { Session } from '../../state/session.ts'
import { stillness } from '../media.ts'
import { foldsOf } from './folds.ts'
import type { Span } from './geometry.ts'
import { hiddenMs, timeAt } from './time.ts'

/** Pixels a second at zoom 1: by the width of the window, but never by that of the strip. More screen is more past, not other slopes. */
const PX_PER_S = { phone: 85, usual: 80, large: 96 }
/** Messages closer than this are drawn smaller. */
const DENSE_PX = 14
const DENSITY_WINDOW_MS = 4000
/** How much of the page stays where the picture stands still and turns. */
const TURN = 0.6

export function pxPerMs(zoom: number): number {
  const base = innerWidth < 700 ? PX_PER_S.phone : innerWidth >= 1600 ? PX_PER_S.large : PX_PER_S.usual
  return (base * zoom) / 1000
}

/**
 * `heldMs`: the right edge where the picture is held or paused; null where it goes with the time.
 * `standsSinceMs`: since when it stands, and no fold moves any more.
 */
export function spanOf(
  session: Session,
  width: number,
  scale: number,
  heldMs: number | null,
  standsSinceMs: number | null,
): Span {
  const nowMs = now()
  const endMs = heldMs ?? (stillness.matches ? turned(nowMs, width / scale) : inWholePixels(nowMs, scale))
  const perMs = messagesPerMs(session, endMs)
  const folds = foldsOf(session.quiet, scale, standsSinceMs ?? nowMs)
  const known = {
    width,
    endMs,
    pxPerMs: scale,
    nowMs,
    dense: perMs > 0 && scale / perMs < DENSE_PX,
    bands: session.bands,
    aways: session.aways,
    folds,
    hiddenMs: hiddenMs(folds, scale, endMs),
  }
  return { ...known, fromMs: timeAt(known, 0) }
}

/** Each mark keeps its place between two pixels while the picture rolls, and nothing shimmers. */
function inWholePixels(ms: number, scale: number): number {
  const pixelMs = 1 / (scale * devicePixelRatio)
  return Math.floor(ms / pixelMs) * pixelMs
}

/** Where nothing may roll, the page turns when "now" has come to its end, and most of it stays in sight. */
function turned(nowMs: number, pageMs: number): number {
  const step = Math.max(1, pageMs * TURN)
  return Math.ceil(nowMs / step) * step
}

/** The room's rate, and what people write beside it, over the last seconds that are seen. */
function messagesPerMs({ messages, offsetMs }: Session, endMs: number): number {
  let count = 0
  for (let i = messages.all.length - 1; i >= 0; i--) {
    const atMs = (messages.all[i]?.event.at ?? 0) - (offsetMs ?? 0)
    if (atMs < endMs - DENSITY_WINDOW_MS) break
    if (atMs <= endMs) count++
  }
  return count / DENSITY_WINDOW_MS
}
