import { QUIET_MS } from '../session/quiet.ts'
import type { Quiet } from '../session/quiet.ts'
import type { Fold } from './geometry.ts'
import { FOLD_PX } from './time.ts'

/** Width of the part of a quiet time that stays visible on each side of its fold. */
const BESIDE_PX = 16

/**
 * Returns the folds that hide quiet times of more than 10 s. The last 10 s before `untilMs` stay visible. So a fold
 * grows little by little, and the picture never jumps.
 */
export function foldsOf(
  { stretches, lastMs }: Pick<Quiet, 'stretches' | 'lastMs'>,
  scale: number,
  untilMs: number,
): readonly Fold[] {
  const all = lastMs === null ? stretches : [...stretches, { fromMs: lastMs, toMs: untilMs }]
  const besideMs = BESIDE_PX / scale
  const folds: Fold[] = []
  for (const { fromMs, toMs } of all) {
    const quietMs = toMs - fromMs
    if (quietMs <= QUIET_MS) continue
    const fold = { fromMs: fromMs + besideMs, toMs: Math.min(toMs - besideMs, untilMs - QUIET_MS), quietMs }
    if ((fold.toMs - fold.fromMs) * scale > FOLD_PX) folds.push(fold)
  }
  return folds
}
