/** Starts the decision page: reads the workload from the address, learns the sizes, and puts the page on the screen. */
import { openDecision } from './state/decision.ts'
import { ChoosePage } from './view/choose/page.ts'
import { recall } from './view/memory.ts'

const theme = recall('theme')
if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme

const page = new ChoosePage()
const decision = openDecision(location.origin, location.search, (search) => {
  history.replaceState(null, '', location.pathname + search)
  page.tick++
})
page.decision = decision
document.body.append(page)
