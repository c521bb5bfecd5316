import { join } from 'node:path'
import type { Exercise } from '../kit/exercise.ts'
import { boardChecks } from './board-checks.ts'
import { fallbackChecks } from './fallback-checks.ts'
import { gapChecks } from './gap-checks.ts'
import { rulesChecks } from './rules-checks.ts'

/** Time limit of a check: `soon` waits longer on a busy machine. */
const SOON_MS = 60_000

const here = (...parts: readonly string[]) => join(import.meta.dirname, ...parts)

export const exercises: readonly Exercise[] = [
  {
    name: 'board',
    hosted: { kind: 'part', exported: 'openBoard', replacedPath: here('start/board.ts'), programPath: here('page.ts') },
    withinMs: SOON_MS,
    checks: [...boardChecks, ...gapChecks],
  },
  {
    name: 'fallback',
    hosted: {
      kind: 'part',
      exported: 'step',
      replacedPath: here('../../web/board/fallback.ts'),
      programPath: here('wires.ts'),
      isFrozen: true,
    },
    withinMs: SOON_MS,
    checks: [...fallbackChecks, ...rulesChecks],
  },
]
