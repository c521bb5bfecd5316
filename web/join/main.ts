/** Starts the page of a phone that takes part in a class. */
import '../lane/style.ts'
import { clockResolutionMs } from '../lab/resolution.ts'
import { newKey } from '../lane/send.ts'
import { watchWake } from '../lane/wake.ts'
import { recall, remember } from '../page/memory.ts'
import { started } from '../page/started.ts'
import { JoinPage } from './page.ts'
import { takeSeat } from './seat.ts'

const KEY_BYTES = 16
/** Interval at which the page asks again while the server does not answer. */
const ASK_MS = 2000

const UNAUTHORIZED = 401

const key = recall('seat') ?? newKey(KEY_BYTES)
remember('seat', key)

const page = new JoinPage()
page.isKept = recall('seat') === key
document.title = 'Fourwire: join the class'
document.body.append(page)
started()

const room = await roomOfClass()
const joined = takeSeat({
  origin: location.origin,
  room,
  clockResolutionMs: clockResolutionMs(),
  key,
  name: recall('name') ?? '',
  say: (sentence) => page.say(sentence),
  changed: () => page.refresh(),
  moved: () => location.reload(),
})
watchWake(joined.session)
page.rename = (name) => {
  remember('name', name)
  joined.rename(name)
}
page.joined = joined
window.fourwireSeat = joined

/** Returns the room of the class. Opens the sign-in page if the server wants to know who this is. */
async function roomOfClass(): Promise<string> {
  for (;;) {
    try {
      const response = await fetch('/show', { cache: 'no-store' })
      if (response.status === UNAUTHORIZED) location.assign('/sign-in.html?next=/join')
      else if (response.ok) {
        const { room }: { room: string } = await response.json()
        return room
      }
    } catch {
      // The server is away.
    }
    page.isAbsent = true
    await new Promise((resolve) => setTimeout(resolve, ASK_MS))
  }
}
