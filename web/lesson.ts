/** Starts a lesson's page. */
import { recall } from './view/memory.ts'

const theme = recall('theme')
if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme
