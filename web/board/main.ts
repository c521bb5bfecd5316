/** Starts the task board's page: reads the address, opens the session, and shows the page. */
import '../lane/style.ts'
import { readBoardAddress } from './address.ts'
import { openBoard } from './session.ts'
import { boardSnapshot } from './snapshot.ts'
import { newKey } from '../lane/send.ts'
import { claimLink } from '../lab/instructor.ts'
import { signedIn } from '../lab/signed-in.ts'
import { watchWake } from '../lane/wake.ts'
import { transports } from '../transports/index.ts'
import { BoardPage } from './page.ts'
import { recall, remember } from '../page/memory.ts'
import { started } from '../page/started.ts'

const trouble = await claimLink()

const PERSON_BYTES = 8
const known = recall('person') ?? newKey(PERSON_BYTES)
remember('person', known)
// If the server runs with --auth, the page uses the name and the id under which the person signed in.
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
// If the page closes, changes that the server has not confirmed are lost, so the browser asks the person first.
addEventListener('beforeunload', (event) => {
  if (session.unsent > 0) event.preventDefault()
})

page.session = session
page.address = address
page.isSignedIn = user !== null
document.title = `Fourwire: board ${address.room}`
document.body.append(page)
if (trouble !== null) page.say(trouble)
window.fourwireBoard = { snapshot: () => boardSnapshot(session) }
started()
