/** Interface of a published claim: what it says, how it is measured again, and when it counts as reproduced. */

export const OUTCOMES = ['reproduced', 'refuted', 'cannot be told here'] as const

export type Outcome = (typeof OUTCOMES)[number]

/** Everything about a claim that is fixed before anything is measured. */
export interface ClaimText {
  readonly number: number
  /** What the source states, in one sentence. */
  readonly statement: string
  readonly source: string
  /** Explanation for a student. */
  readonly about: string
  /** Settings of the source, as far as they are known. */
  readonly published: string
  /** How this program measures it. */
  readonly method: string
  /** Condition of each outcome. */
  readonly criterion: Readonly<Record<Outcome, string>>
  /** Settings that differ from those of the source. Each sentence also gives the reason. */
  readonly differs: readonly string[]
  /** Expected duration in seconds, with the defaults and with `--quick`. */
  readonly seconds: { readonly usual: number; readonly quick: number }
}

export interface Claim extends ClaimText {
  /** Measures and judges. Rejects if the measurement is impossible. */
  run(tools: ClaimTools): Promise<ClaimFinding>
}

/** What the program gives to a measurement. */
export interface ClaimTools {
  /** True for a short run, whose results say less. */
  readonly isQuick: boolean
  readonly env: NodeJS.ProcessEnv
  /** Shows what is being measured. */
  show(part: string): void
}

export interface ClaimFinding {
  readonly outcome: Outcome
  /** Why this outcome holds, as a sentence or two with the numbers that decide. */
  readonly why: string
  readonly figures: readonly ClaimFigure[]
  /** Number of samples, in words. */
  readonly samples: string
}

export interface ClaimFigure {
  readonly what: string
  /** Null if the source has no such figure. */
  readonly published: string | null
  readonly ours: string
}

/** In place of the figures of Fourwire, if it decides nothing and could not be measured. */
export const UNMEASURED: ClaimFigure = {
  what: 'Fourwire (not every client could connect in time)',
  published: null,
  ours: '?',
}

/** Joins the text of a claim with its measurement and with the function that judges the measurement. */
export function defineClaim<Measured>(
  text: ClaimText,
  measure: (tools: ClaimTools) => Promise<Measured>,
  judge: (measured: Measured) => ClaimFinding,
): Claim {
  return { ...text, run: async (tools) => judge(await measure(tools)) }
}

/** Returns true if a value is at most `factor` times as large and at least as large as `published / factor`. */
export const isWithin = (value: number, published: number, factor: number): boolean =>
  value <= published * factor && value >= published / factor
