/** Findings of a check about a wrong program, and the errors that carry them. */

/** Three rungs: what was observed, where to look, which idea is missing. Sentences, never code. */
export type Hint = readonly [seen: string, where: string, idea: string]

export type Verdict = 'pass' | 'fail' | 'could not tell'

export interface Finding {
  /** One or two sentences that lead to the bytes: "42 was published in the gap. Your server responded:" */
  readonly saw: string
  /** Bytes that crossed the wire, as lines of text. */
  readonly bytes?: string
  /** Position of the first wrong byte in `bytes`, marked by a caret; without it there is no caret. */
  readonly at?: number
  /** Text that was expected at that position. */
  readonly wanted?: string
  readonly why?: string
  /** Name of one of the check's hints, or the hint itself. */
  readonly hint: string | Hint
}

/** Text of a finding without its bytes. `hint` may depend on what was observed. */
export interface FindingText<Observed> {
  readonly saw: string
  readonly why?: string
  readonly hint: string | Hint | ((observed: Observed) => string | Hint)
}

/** Returns the text with the hint for what was observed. */
export function textFor<Observed>(
  { saw, why, hint }: FindingText<Observed>,
  observed: Observed,
): Pick<Finding, 'saw' | 'why' | 'hint'> {
  return { saw, ...(why !== undefined && { why }), hint: typeof hint === 'function' ? hint(observed) : hint }
}

/** Thrown by a check if the program does not do what the title says. */
export class Wrong extends Error {
  readonly finding: Finding

  constructor(finding: Finding) {
    super(finding.saw)
    this.finding = finding
  }
}

/** Like `Wrong`, for a program that did nothing until the time limit. After two of these the judge skips the remaining checks. */
export class Late extends Wrong {}

/** Thrown by a check that cannot decide. The message is a sentence that says why. */
export class Unclear extends Error {}
