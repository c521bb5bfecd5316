/** Resolution of this browser's clock in ms: 0.005 to 1, depending on the browser and the page's isolation. */
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
