/** Formats figures. An unknown figure becomes a dash, never 0. */
export const DASH = '–'

/**
 * Formats milliseconds: with one decimal under 10 ms, without decimals above. If the clock may be wrong by 1 ms or
 * more, there is never a decimal.
 */
export function milliseconds(ms: number | null | undefined, boundMs = 0): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return DASH
  // Because of the clock's error, a message can seem to have arrived before the server published it.
  const shown = Math.max(0, ms)
  if (shown >= 10_000) return `${(shown / 1000).toFixed(1)} s`
  return shown < 9.95 && boundMs < 0.95 ? shown.toFixed(1) : String(Math.round(shown))
}

/** Splits a number at its decimal point, so that the numbers of a column can be aligned at the point. */
export function atPoint(text: string): readonly [string, string] {
  const point = text.indexOf('.')
  return point < 0 || text.endsWith('s') ? [text, ''] : [text.slice(0, point), text.slice(point)]
}

export function plusMinus(boundMs: number | null | undefined): string {
  if (boundMs === null || boundMs === undefined) return '±–'
  return `±${boundMs < 0.05 ? boundMs.toFixed(2) : boundMs < 9.95 ? boundMs.toFixed(1) : Math.round(boundMs)}`
}

/** Formats an age with few characters. */
export function age(ms: number): string {
  if (ms < 60_000) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`
  return ms < 3_600_000 ? `${Math.floor(ms / 60_000)} min` : `${Math.floor(ms / 3_600_000)} h`
}

/** Formats a number of bytes: as whole bytes if it has at most four digits, otherwise in thousands. */
export function bytes(n: number | null | undefined): string {
  if (n === null || n === undefined || !Number.isFinite(n)) return DASH
  return n < 9999.5 ? `${Math.round(n)} B` : `${short(n)}B`
}

/** Formats a count with two or three digits and a unit prefix: 3.6 M, 480 k, 1 k. */
export function short(n: number): string {
  const step = [
    { of: 1e9, name: 'G' },
    { of: 1e6, name: 'M' },
    { of: 1e3, name: 'k' },
  ].find(({ of }) => n >= of * 0.9995)
  if (!step) return `${Math.round(n)} `
  const figure = n / step.of
  return `${figure < 9.95 ? figure.toFixed(1).replace(/\.0$/, '') : Math.round(figure)} ${step.name}`
}

export function plural(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}
