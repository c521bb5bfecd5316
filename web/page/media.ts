/** Preferences of the person, as the browser reports them. */
export const stillness = matchMedia('(prefers-reduced-motion: reduce)')
export const dark = matchMedia('(prefers-color-scheme: dark)')
export const forced = matchMedia('(forced-colors: active)')

const FIGURES_MS = 500
const STILL_MS = 2000

/** Interval between changes of the figures: half a second, or two seconds for reduced motion. */
export const figuresEveryMs = (): number => (stillness.matches ? STILL_MS : FIGURES_MS)
