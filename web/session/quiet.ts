/** Records the times in which no byte crossed the wire in any lane. */
export interface Quiet {
  /** Quiet times that have ended, oldest first. */
  readonly stretches: readonly Stretch[]
  /** Time of the latest bytes on the wire; null before the first bytes. */
  readonly lastMs: number | null
  /** Notes that a byte crossed the wire at this time. The reports may come late and out of order. */
  noteActivity(atMs: number): void
}

export interface Stretch {
  readonly fromMs: number
  readonly toMs: number
}

/** A shorter pause does not count as quiet. */
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
    noteActivity(atMs) {
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
