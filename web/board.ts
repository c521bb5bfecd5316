/** Starts the task board: reads the address, opens the session, puts the page on the screen. */
import { readBoardAddress } from './board/address.ts'
import { openBoard } from './board/session.ts'
import { boardSnapshot } from './board/snapshot.ts'
import { newKey } from './state/send.ts'
import { signedIn } from './state/signed-in.ts'
import { watchWake } from './state/wake.ts'
import { transports } from './transports/index.ts'
import { BoardPage } from './view/board/page.ts'
import { recall, remember } from './view/memory.ts'

const theme = recall('theme')
if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme

const PERSON_BYTES = 8
const known = recall('person') ?? newKey(PERSON_BYTES)
remember('person', known)
// With --auth one is who has signed in, and nobody else.
const user = await signedIn()
const userId = user ?? known

const address = readBoardAddress(location.search)
const page = new BoardPage()
const session = openBoard({
  origin: location.origin,
  room: address.room,
  person: { userId, name: user ?? (recall('name') || `Guest ${userId.slice(0, 3)}`), client: newKey(PERSON_BYTES) },
  only: address.by,
  transports,
  newKey,
  say: (sentence) => page.say(sentence),
  changed: () => page.requestUpdate(),
})

watchWake(session)
// What nobody has answered is lost with the page.
addEventListener('beforeunload', (event) => {
  if (session.unsent > 0) event.preventDefault()
})

page.session = session
page.address = address
page.isSignedIn = user !== null
document.title = `Fourwire: board ${address.room}`
document.body.append(page)
window.fourwireBoard = { snapshot: () => boardSnapshot(session) }
