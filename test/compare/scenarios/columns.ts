/** Columns of the tables of the scenarios, and texts for their cells. */
import { median } from '../median.ts'
import { msText } from '../words.ts'

/** Column of the table of a scenario. */
export interface ScenarioColumn<Figures> {
  readonly title: string
  /** True if the figure cannot be told if the delays cannot. */
  readonly isDelay?: boolean
  /** True if the figure can be told even if the clients were busy, but not beside other programs. */
  readonly isRate?: boolean
  /** `all` has the figures of each repetition, and is not empty. */
  text(all: readonly Figures[]): string
}

/** Median of the repetitions. */
export function middleText(values: readonly (number | null)[], text: (value: number) => string = msText): string {
  const known = values.flatMap((value) => value ?? [])
  return known.length === 0 ? '–' : text(median(known))
}

/** Median of the repetitions, and the greatest value if there are several. */
export function typicalText(values: readonly (number | null)[], text: (value: number) => string = msText): string {
  const known = values.flatMap((value) => value ?? [])
  if (known.length === 0) return '–'
  const [middle, most] = [text(median(known)), text(Math.max(...known))]
  return middle === most ? middle : `${middle} (up to ${most})`
}

export const sumText = (values: readonly number[]): string => String(values.reduce((a, b) => a + b, 0))
