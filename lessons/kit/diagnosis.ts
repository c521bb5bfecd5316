export interface Diagnosis {
  readonly what: string
  readonly isWell: boolean
  /** Result of the examination; if it is bad, also what to do. */
  readonly said: string
}
