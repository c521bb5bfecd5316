/** Chooses the time span that the ladder shows. */
import { now } from '../now.ts'
import type { SessionFacts } from '../session/session.ts'
import { stillness } from '../page/media.ts'
import { foldsOf } from './folds.ts'
import type { Span } from './geometry.ts'
import { hiddenMs, timeAt } from './time.ts'

/**
 * Pixels per second at zoom 1, by the width of the window. The width of the strip has no effect: a larger screen
 * shows more of the past, with the same slopes.
 */
const PX_PER_S = { phone: 85, usual: 80, large: 96 }
/** If messages are closer than this, they are drawn smaller. */
const DENSE_PX = 14
const DENSITY_WINDOW_MS = 4000
/**
 * With reduced motion, the picture does not roll, but turns like a page. This is the share of its width by which it
 * turns.
 */
const TURN = 0.6

export function pxPerMs(zoom: number): number {
  const base = innerWidth < 700 ? PX_PER_S.phone : innerWidth >= 1600 ? PX_PER_S.large : PX_PER_S.usual
  return (base * zoom) / 1000
}

/**
 * Time span to show. `heldMs` is the right edge while the picture is held or paused; null while it follows the time.
 * `standsSinceMs` is the time since which it stands still; folds stay as they were then.
 */
export function spanOf(
  session: SessionFacts,
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
    absences: session.absences,
    folds,
    hiddenMs: hiddenMs(folds, scale, endMs),
  }
  return { ...known, fromMs: timeAt(known, 0) }
}

/** Rounds a time to whole pixels, so that marks do not shimmer while the picture rolls. */
function inWholePixels(ms: number, scale: number): number {
  const pixelMs = 1 / (scale * devicePixelRatio)
  return Math.floor(ms / pixelMs) * pixelMs
}

/** Right edge with reduced motion. The picture turns when the present reaches its end, and part of it stays visible. */
function turned(nowMs: number, pageMs: number): number {
  const step = Math.max(1, pageMs * TURN)
  return Math.ceil(nowMs / step) * step
}

/** Rate of all messages, chat included, over the last seconds in the picture. */
function messagesPerMs({ messages, offsetMs }: SessionFacts, endMs: number): number {
  let count = 0
  for (let i = messages.all.length - 1; i >= 0; i--) {
    const atMs = (messages.all[i]?.event.at ?? 0) - (offsetMs ?? 0)
    if (atMs < endMs - DENSITY_WINDOW_MS) break
    if (atMs <= endMs) count++
  }
  return count / DENSITY_WINDOW_MS
}
