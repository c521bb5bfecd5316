/** A line of the inspector, with the bytes on the left and their meaning on the right. */
export interface InspectorLine {
  readonly bytes: string
  /** Name of the frame's field that this line shows. */
  readonly field?: string
  readonly meaning: string
  /**
   * Importance of the line. `meant`: the line shows what the lesson teaches. `usual`: every request contains the line,
   * whatever its purpose.
   */
  readonly kind: 'plain' | 'meant' | 'usual'
}

export function line(bytes: string, meaning = '', kind: InspectorLine['kind'] = 'plain'): InspectorLine {
  return { bytes, meaning, kind }
}

/** Returns the line of a frame's field. */
export function row(
  bytes: string,
  field: string,
  meaning: string,
  kind: InspectorLine['kind'] = 'plain',
): InspectorLine {
  return { bytes, field, meaning, kind }
}

/** Sign that stands for a line break on a line of its own. */
export const BREAK = '⏎'

export function count(n: number, noun: string): string {
  return `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`
}

/** Formats a duration: one decimal under 10 ms, none above, and seconds from 10 s on. */
export function ms(n: number): string {
  if (n >= 10_000) return `${(n / 1000).toFixed(1)} s`
  return `${n < 9.95 ? n.toFixed(1) : Math.round(n)} ms`
}
