/** Adds the parts of every page's head that need JavaScript: the choice of the theme, and signing out. */
import { signOut, signedIn } from '../lab/signed-in.ts'
import { alertBar } from './started.ts'
import { onTheme, themeNow, toggleTheme } from './theme.ts'

const theme = document.querySelector('.site .theme')
const leave = document.querySelector<HTMLElement>('.site .leave')

const nameTheme = (): void => {
  if (theme) theme.textContent = themeNow() === 'dark' ? 'Light' : 'Dark'
}
theme?.addEventListener('click', toggleTheme)
onTheme(nameTheme)
nameTheme()

leave?.addEventListener('click', () => {
  signOut().catch((error: Error) => document.body.prepend(alertBar('Not signed out.', error.message)))
})
const user = await signedIn()
if (leave && user !== null) {
  leave.title = `Signed in as ${user}`
  leave.hidden = false
}
