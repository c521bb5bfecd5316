/** The stretches in which nothing crossed in any lane. */
export interface Quiet {
  /** Those that are over, oldest first. */
  readonly stretches: readonly Stretch[]
  /** When something last crossed; null before the first time. */
  readonly lastMs: number | null
  /** Something crossed then; it may be told late. */
  stir(atMs: number): void
}

export interface Stretch {
  readonly fromMs: number
  readonly toMs: number
}

/** Shorter than this is no idling. */
export const QUIET_MS = 10_000
const MOST = 50

export function createQuiet(): Quiet {
  let stretches: readonly Stretch[] = []
  let lastMs: number | null = null

  return {
    get stretches() {
      return stretches
    },
    get lastMs() {
      return lastMs
    },
    stir(atMs) {
      if (lastMs === null || atMs > lastMs) {
        if (lastMs !== null) stretches = [...stretches, ...long({ fromMs: lastMs, toMs: atMs })].slice(-MOST)
        lastMs = atMs
      } else if (stretches.some((one) => isWithin(one, atMs)))
        stretches = stretches.flatMap((one) => (isWithin(one, atMs) ? split(one, atMs) : [one]))
    },
  }
}

function long(stretch: Stretch): readonly Stretch[] {
  return stretch.toMs - stretch.fromMs > QUIET_MS ? [stretch] : []
}

function isWithin({ fromMs, toMs }: Stretch, ms: number): boolean {
  return ms > fromMs && ms < toMs
}

function split({ fromMs, toMs }: Stretch, atMs: number): readonly Stretch[] {
  return [...long({ fromMs, toMs: atMs }), ...long({ fromMs: atMs, toMs })]
}
