/** What the class has said: votes of the phones and a show of hands, together. */
import type { Answer, ShowState } from '../../server/protocol/show.ts'

/** Returns how many have chosen each answer; null while the votes are hidden. Hands count like phones. */
export function countsOf({ votes, hands }: Pick<ShowState, 'votes' | 'hands'>): readonly number[] | null {
  if (votes === null) return hands
  return votes.map((count, i) => count + (hands?.[i] ?? 0))
}

/** Returns the values of the answers; null if an answer is no number. */
export function valuesOf(answers: readonly Answer[]): readonly number[] | null {
  const values = answers.flatMap(({ value }) => value ?? [])
  return values.length === answers.length && values.length > 0 ? values : null
}

/** Returns the median of the votes, which is always the value of an answer; null without a vote. */
export function classMedian(values: readonly number[], counts: readonly number[]): number | null {
  const sum = counts.reduce((before, count) => before + count, 0)
  const ascending = values.map((value, i) => ({ value, count: counts[i] ?? 0 })).toSorted((a, b) => a.value - b.value)
  let seen = 0
  for (const { value, count } of ascending) {
    seen += count
    if (count > 0 && seen * 2 >= sum) return value
  }
  return null
}

/** Describes the count of votes, such as `25 of 27 phones`. */
export function votedText({ voted, here, hands }: Pick<ShowState, 'voted' | 'here' | 'hands'>): string {
  const raised = hands?.reduce((sum, count) => sum + count, 0) ?? 0
  return `${voted} of ${here} phones${raised > 0 ? ` · ${raised} hands` : ''}`
}
