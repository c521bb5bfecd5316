/** The theme of the page: the person's choice, or else the theme of the system. `early-theme.ts` applies the choice. */
import { dark, forced } from './media.ts'
import { remember } from './memory.ts'

export type Theme = 'light' | 'dark'

const changes = new EventTarget()

export function themeNow(): Theme {
  const { theme } = document.documentElement.dataset
  return theme === 'light' || theme === 'dark' ? theme : dark.matches ? 'dark' : 'light'
}

export function toggleTheme(): void {
  const theme = themeNow() === 'dark' ? 'light' : 'dark'
  document.documentElement.dataset['theme'] = theme
  remember('theme', theme)
  changes.dispatchEvent(new Event('change'))
}

/** Calls back when the colours of the page have changed, until `signal` aborts. */
export function onTheme(changed: () => void, signal?: AbortSignal): void {
  for (const source of [dark, forced, changes]) source.addEventListener('change', changed, signal ? { signal } : {})
}
