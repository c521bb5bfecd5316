/** What the person at the screen asked for. */
export const stillness = matchMedia('(prefers-reduced-motion: reduce)')
export const dark = matchMedia('(prefers-color-scheme: dark)')
export const forced = matchMedia('(forced-colors: active)')
