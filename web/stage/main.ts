/** Starts the stage: follows the show, or plays a saved class if the address has `play`. */
import '../lane/style.ts'
import { claimLink } from '../lab/instructor.ts'
import { figuresEveryMs } from '../page/media.ts'
import { started } from '../page/started.ts'
import { createDrive } from '../show/drive.ts'
import { followShow } from '../show/follow.ts'
import type { FollowedShow } from '../show/follow.ts'
import { replayShow } from '../show/replay.ts'
import { sessionFile } from './open-file.ts'
import { StagePage } from './page.ts'
import { createStageRun } from './run.ts'

const REPORT_MS = 1000

const file = new URLSearchParams(location.search).get('play')
if (file === null) await follow()
else play(file)

async function follow(): Promise<void> {
  const trouble = await claimLink()
  const page = new StagePage()
  const show = followShow(
    { wantsSeats: true },
    {
      changed() {
        run.follow()
        draw()
      },
      told: (sentence) => page.say(sentence),
      opened: (session) => run.opened(session),
    },
  )
  const run = createStageRun(show)
  const draw = (): void => {
    page.lanes = run.read()
    page.refresh()
  }
  attach(page, show)
  if (trouble !== null) page.say(trouble)
  setInterval(() => run.report(), REPORT_MS)
  draw()
  again(draw)
  started()
}

function play(file: string): void {
  started()
  sessionFile(file, (session) => {
    const page = new StagePage()
    const show = replayShow(session, () => draw())
    const draw = (): void => {
      page.lanes = show.state?.measured ?? []
      page.refresh()
    }
    page.isReplay = true
    attach(page, show)
    draw()
  })
}

function attach(page: StagePage, show: FollowedShow): void {
  page.show = show
  page.drive = createDrive(show, { changed: () => page.refresh(), told: (sentence) => page.say(sentence) })
  document.body.append(page)
}

/** Draws the figures again and again. While the page is hidden, nothing draws. */
function again(draw: () => void): void {
  setTimeout(() => {
    if (document.visibilityState === 'visible') draw()
    again(draw)
  }, figuresEveryMs())
}
