/** What the person at the screen asked for. */
export const stillness = matchMedia('(prefers-reduced-motion: reduce)')
export const dark = matchMedia('(prefers-color-scheme: dark)')
export const forced = matchMedia('(forced-colors: active)')

const FIGURES_MS = 500
const STILL_MS = 2000

/** Figures change at most twice a second; where nothing may roll, every two. */
export const figuresEveryMs = (): number => (stillness.matches ? STILL_MS : FIGURES_MS)
