/** Chooses the time span that the ladder shows. */
import { now } from '../now.ts'
import type { SessionFacts } from '../session/session.ts'
import { stillness } from '../page/media.ts'
import { foldsOf } from './folds.ts'
import type { Span } from './geometry.ts'
import { hiddenMs, timeAt } from './time.ts'

/**
 * Pixels per second at zoom 1, for each width of the window. On a larger screen the strip shows more of the past, but
 * the slopes stay the same.
 */
const PX_PER_S = { phone: 85, usual: 80, large: 96 }
/** If the distance between messages is smaller than this, the messages are drawn smaller. */
const DENSE_PX = 14
const DENSITY_WINDOW_MS = 4000
/**
 * Share of its width by which the picture turns. With reduced motion, the picture does not roll, but turns like a page.
 */
const TURN = 0.6

/** `isMagnified`: the picture is drawn at its usual size and then magnified, so its scale is the usual one too. */
export function pxPerMs(zoom: number, isMagnified = false): number {
  const base = isMagnified
    ? PX_PER_S.usual
    : innerWidth < 700
      ? PX_PER_S.phone
      : innerWidth >= 1600
        ? PX_PER_S.large
        : PX_PER_S.usual
  return (base * zoom) / 1000
}

/**
 * Returns the time span to show. `heldMs` is the time at the right edge while the picture is held or paused; null while
 * the picture follows the present. `standsSinceMs` is the time at which the picture stopped; since then, the folds do
 * not change.
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

/** Rounds a time so that it falls on a whole pixel. Otherwise the marks would shimmer while the picture rolls. */
function inWholePixels(ms: number, scale: number): number {
  const pixelMs = 1 / (scale * devicePixelRatio)
  return Math.floor(ms / pixelMs) * pixelMs
}

/**
 * Returns the time at the right edge with reduced motion. The picture turns when the present reaches the right edge,
 * and a part of the old picture stays visible.
 */
function turned(nowMs: number, pageMs: number): number {
  const step = Math.max(1, pageMs * TURN)
  return Math.ceil(nowMs / step) * step
}

/** Returns the rate of all messages, with chat messages, over the last seconds of the picture. */
function messagesPerMs({ messages, offsetMs }: SessionFacts, endMs: number): number {
  let count = 0
  for (let i = messages.all.length - 1; i >= 0; i--) {
    const atMs = (messages.all[i]?.event.at ?? 0) - (offsetMs ?? 0)
    if (atMs < endMs - DENSITY_WINDOW_MS) break
    if (atMs <= endMs) count++
  }
  return count / DENSITY_WINDOW_MS
}
