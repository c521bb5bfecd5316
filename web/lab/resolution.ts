/**
 * Returns the resolution of this browser's clock: 0.005 to 1 ms, depending on the browser and on the page's isolation.
 */
export function clockResolutionMs(): number {
  let finest = COARSEST_MS
  for (let i = 0; i < STEPS; i++) finest = Math.min(finest, step())
  return finest
}

const STEPS = 4
const COARSEST_MS = 1

function step(): number {
  const start = performance.now()
  let next = start
  while (next === start) next = performance.now()
  return next - start
}
