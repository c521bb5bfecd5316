/** The axis that predictions and measurements share. */

export interface Scale {
  /** True if distances are logarithms, because some answers stand too close together on a linear axis. */
  readonly isLog: boolean
  /** Returns the position of a value. A value beyond the axis has the position of its end. */
  x(value: number): number
}

/** Free space beyond the greatest answer, as a factor. */
const BEYOND = { linear: 1.25, log: 2.5 }

/** Creates the axis from `left` to `right` for these answers, with at least `apart` between two answers if it is linear. */
export function scaleOf(values: readonly number[], left: number, right: number, apart: number): Scale {
  const ascending = [...new Set(values)].toSorted((a, b) => a - b)
  const greatest = Math.max(1e-9, ascending.at(-1) ?? 1)
  const linear = scale(greatest * BEYOND.linear, left, right, (value) => value)
  const isClear = ascending.every((value, i) => i === 0 || linear(value) - linear(ascending[i - 1] ?? 0) >= apart)
  if (isClear) return { isLog: false, x: linear }
  // The smallest answer above 0 stands about as far from 0 as from an answer that is three times as large.
  const unit = ascending.find((value) => value > 0) ?? 1
  return { isLog: true, x: scale(greatest * BEYOND.log, left, right, (value) => Math.log1p(value / unit)) }
}

function scale(end: number, left: number, right: number, turn: (value: number) => number): (value: number) => number {
  return (value) => left + (Math.min(1, turn(Math.max(0, value)) / turn(end)) || 0) * (right - left)
}
