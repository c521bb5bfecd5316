/** Starts the sandbox's page: reads the address, opens the session, and shows the page. */
import '../lane/style.ts'
import { addressTrouble, readAddress } from '../session/address.ts'
import { openSession } from '../session/open-session.ts'
import { watchQueueing } from './queueing.ts'
import { clockResolutionMs } from '../lab/resolution.ts'
import { claimLink } from '../lab/instructor.ts'
import { snapshot } from '../session/snapshot.ts'
import { watchWake } from '../lane/wake.ts'
import { newKey } from '../lane/send.ts'
import { transports } from '../transports/index.ts'
import { recall, remember } from '../page/memory.ts'
import { Page } from './page.ts'
import { started } from '../page/started.ts'

const trouble = await claimLink()
const address = readAddress(location.search)
const page = new Page()
// All tabs of this browser have the same id. The id is not secret, and only distinguishes people.
const userId = recall('person') ?? newKey(8)
remember('person', userId)

const session = openSession(
  {
    origin: location.origin,
    address,
    transports,
    clockResolutionMs: clockResolutionMs(),
    person: { userId, name: recall('name') ?? '' },
  },
  {
    say: (sentence) => page.say(sentence),
    changed: () => page.refresh(),
    heard: () => page.heard++,
  },
)
const queueing = watchQueueing(() => session.lanes, {
  heardAtMs: () => session.heardAtMs,
  lateUntilMs: () => session.lateUntilMs,
})
// A buffering proxy also holds back the response head of a stream. So if a stream has not opened, its request need not
// be waiting in the browser.
session.queuedMs = (lane) => (session.isHeldBack(lane) ? null : queueing.queuedMs(lane))
watchWake(session)
page.session = session
page.address = address
document.querySelector('.shell')?.remove()
document.body.append(page)
const said = trouble ?? addressTrouble(location.search)
if (said !== null) page.say(said)
window.fourwire = { snapshot: () => snapshot(session) }
started()
