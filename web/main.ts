/** Starts the sandbox: reads the address, opens the session, puts the page on the screen. */
import { readAddress } from './state/address.ts'
import { openSession } from './state/open-session.ts'
import { watchQueueing } from './state/queueing.ts'
import { clockResolutionMs } from './state/resolution.ts'
import { signedIn } from './state/signed-in.ts'
import { snapshot } from './state/snapshot.ts'
import { watchWake } from './state/wake.ts'
import { newKey } from './state/send.ts'
import { transports } from './transports/index.ts'
import { recall, remember } from './view/memory.ts'
import { Page } from './view/page.ts'

const address = readAddress(location.search)
const page = new Page()
// The same in all tabs of this browser, and no secret: it only tells one person from another.
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
const queueing = watchQueueing(session.lanes, () => session.heardAtMs)
// A proxy that buffers holds a stream's head back as well: what waits for it waits outside of the browser.
session.queuedMs = (lane) => (session.isHeldBack(lane) ? null : queueing.queuedMs(lane))
watchWake(session)
void signedIn().then((user) => {
  if (user === null) return
  page.signedInAs = user
  session.rename(user)
})

page.session = session
page.address = address
document.body.append(page)
window.fourwire = { snapshot: () => snapshot(session) }
