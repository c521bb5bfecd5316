/** A line of what is shown: bytes left, their meaning right. */
export interface Line {
  readonly bytes: string
  /** What a frame's field is called. */
  readonly field?: string
  readonly meaning: string
  /** `meant`: what the lesson is about. `usual`: there with every request, whatever it is for. */
  readonly kind: 'plain' | 'meant' | 'usual'
}

export function line(bytes: string, meaning = '', kind: Line['kind'] = 'plain'): Line {
  return { bytes, meaning, kind }
}

/** Of a frame. */
export function row(bytes: string, field: string, meaning: string, kind: Line['kind'] = 'plain'): Line {
  return { bytes, field, meaning, kind }
}

/** What stands for a line break that is a line of its own. */
export const BREAK = '⏎'

export function count(n: number, noun: string): string {
  return `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`
}

/** One decimal under 10 ms and none above, in seconds from ten on. */
export function ms(n: number): string {
  if (n >= 10_000) return `${(n / 1000).toFixed(1)} s`
  return `${n < 9.95 ? n.toFixed(1) : Math.round(n)} ms`
}
