/** Starts the remote: two buttons for the instructor's phone. */
import { claimLink } from '../lab/instructor.ts'
import { started } from '../page/started.ts'
import { createDrive } from '../show/drive.ts'
import { followShow } from '../show/follow.ts'
import { keepAwake } from './awake.ts'
import { RemotePage } from './page.ts'

const trouble = await claimLink()
const page = new RemotePage()
const listener = { changed: () => page.refresh(), told: (sentence: string) => page.say(sentence) }
const show = followShow({ shown: [], wantsSeats: false }, listener)
page.show = show
page.drive = createDrive(show, listener)
document.body.append(page)
if (trouble !== null) page.say(trouble)
keepAwake()
started()
