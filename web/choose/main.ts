/**
 * Starts the decision page: reads the workload from the address, measures the sizes of requests and messages, and shows
 * the page.
 */
import '../lane/style.ts'
import { followComparison } from './comparison.ts'
import { openDecision } from './decision.ts'
import { claimLink } from '../lab/instructor.ts'
import { ChoosePage } from './page.ts'
import { started } from '../page/started.ts'

await claimLink()

const page = new ChoosePage()
const decision = openDecision(location.origin, location.search, (search) => {
  history.replaceState(null, '', location.pathname + search)
  page.tick++
})
page.decision = decision
page.comparison = followComparison(location.origin, () => page.tick++)
document.body.append(page)
started()
