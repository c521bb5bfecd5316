/** What the person prefers, as the browser reports it. */
export const stillness = matchMedia('(prefers-reduced-motion: reduce)')
export const dark = matchMedia('(prefers-color-scheme: dark)')
export const forced = matchMedia('(forced-colors: active)')

const FIGURES_MS = 500
const STILL_MS = 2000

/**
 * Returns the interval at which the page changes its figures: half a second, or two seconds if the person wants reduced
 * motion.
 */
export const figuresEveryMs = (): number => (stillness.matches ? STILL_MS : FIGURES_MS)
