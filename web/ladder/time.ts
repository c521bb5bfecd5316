/** Converts between times and positions. Time runs at one speed everywhere, except in folds. */
import type { Fold, Span } from './geometry.ts'

/** Width of a fold in pixels. */
export const FOLD_PX = 24

/** Returns how much time before `ms` the folds hide. */
export function hiddenMs(folds: readonly Fold[], pxPerMs: number, ms: number): number {
  let hidden = 0
  for (const { fromMs, toMs } of folds) {
    if (ms <= fromMs) break
    const lengthMs = toMs - fromMs
    hidden += (lengthMs - FOLD_PX / pxPerMs) * Math.min(1, (ms - fromMs) / lengthMs)
  }
  return hidden
}

export function xAt({ width, endMs, pxPerMs, folds, hiddenMs: hidden }: Span, ms: number): number {
  if (folds.length === 0) return width - (endMs - ms) * pxPerMs
  return width - (endMs - ms - hidden + hiddenMs(folds, pxPerMs, ms)) * pxPerMs
}

export function timeAt({ width, endMs, pxPerMs, folds, hiddenMs: hidden }: Omit<Span, 'fromMs'>, x: number): number {
  const shownMs = endMs - hidden - (width - x) / pxPerMs
  const foldMs = FOLD_PX / pxPerMs
  let before = 0
  for (const { fromMs, toMs } of folds) {
    const intoMs = shownMs + before - fromMs
    if (intoMs <= 0) break
    if (intoMs < foldMs) return fromMs + (intoMs / foldMs) * (toMs - fromMs)
    before += toMs - fromMs - foldMs
  }
  return shownMs + before
}

/** Returns the time spans between the folds, from left to right. In each span, time runs at one speed. */
export function pieces({ fromMs, endMs, folds }: Span): readonly (readonly [number, number])[] {
  const edges = folds.flatMap((fold) => [fold.fromMs, fold.toMs])
  const starts = [-Infinity, ...edges.filter((_, i) => i % 2 === 1)]
  const stops = [...edges.filter((_, i) => i % 2 === 0), Infinity]
  return starts
    .map((start, i): readonly [number, number] => [Math.max(fromMs, start), Math.min(endMs, stops[i] ?? Infinity)])
    .filter(([start, stop]) => stop > start)
}
