/** Types of a comparison: a measurement of many clients that the server's machine runs in a process of its own. */

/** Workload of a comparison. Omitted times get their usual values. */
export interface MeasuredWorkload {
  readonly clients: number
  /** Messages per second. Each client receives all of them. */
  readonly rate: number
  /** Bytes of a message's text. */
  readonly size: number
  /** Seconds between two short polls. */
  readonly interval: number
  /** Seconds for which a long poll may be held. */
  readonly wait: number
  /** Round trip in ms that the network of the comparison adds. The network of this server stays as it is. */
  readonly rtt: number
  /** Seconds for each transport and repetition. */
  readonly seconds: number
  readonly repeat: number
}

export interface ComparisonBounds {
  readonly from: number
  readonly to: number
}

/** Bounds of each figure of a workload, and of some products of these figures. */
export interface ComparisonLimits extends Readonly<Record<keyof MeasuredWorkload, ComparisonBounds>> {
  /** Most deliveries per second: `clients` times `rate`. */
  readonly deliveriesPerSecond: number
  /** Most short polls per second: `clients` divided by `interval`. */
  readonly pollsPerSecond: number
  /** Most bytes of text per second: `clients` times `rate` times `size`. */
  readonly bytesPerSecond: number
}

/** What the comparing program sends to the process that has started it. */
export type ComparisonNews =
  | ({ readonly is: 'measuring' } & ComparisonProgress)
  | { readonly is: 'measured'; readonly findings: Findings; readonly html: string }
  /** Nothing can be measured. `why` is a sentence for the person who chose the workload. */
  | { readonly is: 'failed'; readonly why: string }

export interface ComparisonProgress {
  /** The first repetition is 1. */
  readonly repetition: number
  readonly repetitions: number
  /** Transport that is being measured. */
  readonly transport: string
  /** Number of finished measurements, each of one transport in one repetition. */
  readonly done: number
  readonly total: number
}

/** Result of a comparison. */
export interface Findings {
  /** Sentences that state which transport fits. */
  readonly verdict: string
  /** Transport that fits; null if the verdict names none. */
  readonly fits: string | null
  readonly transports: readonly TransportFindings[]
}

export interface TransportFindings {
  readonly transport: string
  /** Delay that 19 of 20 deliveries do not exceed; null without enough messages. */
  readonly p95Ms: number | null
  /** Bytes of each delivery in both directions; null if they are unknown. */
  readonly bytes: number | null
  /** Reason why the delays cannot be told; null if they can. */
  readonly doubt: string | null
}

/** Response of `GET /comparison`. */
export interface ComparisonState {
  readonly limits: ComparisonLimits
  /** Transports that a comparison measures. */
  readonly transports: readonly string[]
  /** A sentence that says why this server cannot compare; null if it can. */
  readonly missing: string | null
  /** True if the sender of the request is the instructor, who may start and cancel comparisons. */
  readonly mayStart: boolean
  readonly running: RunningComparison | null
  /** Last comparison that has measured the workload. */
  readonly last: EndedComparison | null
  /** Why the latest comparison has no result; null if it has one, or if there was no comparison. */
  readonly failure: ComparisonFailure | null
}

export interface RunningComparison {
  readonly workload: MeasuredWorkload
  /** Time of the start, in ms since 1970. */
  readonly startedAtMs: number
  /** Null while the program still starts and tries each transport. */
  readonly progress: ComparisonProgress | null
  /** Estimate of the remaining time. */
  readonly leftS: number
}

export interface EndedComparison {
  readonly workload: MeasuredWorkload
  readonly startedAtMs: number
  readonly findings: Findings
}

export interface ComparisonFailure {
  readonly startedAtMs: number
  readonly isCancelled: boolean
  readonly why: string
}
