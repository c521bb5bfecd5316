/** Counts instead of using a formula: publishes messages at many moments of one interval, and takes their mean age. */

const MOMENTS = 1000

export function meanAgeMs(intervalMs: number, roundTripMs: number): number {
  const agesMs = Array.from({ length: MOMENTS }, (_, i) => {
    // Each moment lies in the middle of its thousandth, so that neither end of the interval counts twice.
    const publishedAtMs = ((i + 0.5) / MOMENTS) * intervalMs
    const askedAtMs = intervalMs
    return askedAtMs - publishedAtMs + roundTripMs / 2
  })
  return agesMs.reduce((sum, ms) => sum + ms, 0) / MOMENTS
}

export const requestsPerMinute = (clients: number, intervalMs: number): number =>
  Math.round((clients / intervalMs) * 60_000)
