import { QUIET_MS } from '../../state/quiet.ts'
import type { Quiet } from '../../state/quiet.ts'
import type { Fold } from './geometry.ts'
import { FOLD_PX } from './time.ts'

/** Beside a fold there is still to be seen what it lies between. */
const BESIDE_PX = 16

/**
 * What is idle for longer than 10 s is folded, but for the last 10 s before `untilMs`: so a fold
 * takes in, little by little, what would roll on beside it, and nothing jumps.
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
