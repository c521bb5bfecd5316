/** Starts the presenter's page. */
import '../lane/style.ts'
import { claimLink } from '../lab/instructor.ts'
import { started } from '../page/started.ts'
import { createDrive } from '../show/drive.ts'
import { followShow } from '../show/follow.ts'
import { PresenterPage } from './page.ts'

const CLOCK_MS = 1000

const trouble = await claimLink()
const page = new PresenterPage()
const listener = { changed: () => page.refresh(), told: (sentence: string) => page.say(sentence) }
const show = followShow({ shown: [], wantsSeats: true }, listener)
page.show = show
page.drive = createDrive(show, listener)
document.body.append(page)
if (trouble !== null) page.say(trouble)
setInterval(() => page.refresh(), CLOCK_MS)
started()
