/** Starts a lesson's page: opens the lanes that the lesson describes, and the student's lane if the lesson runs. */
import '../lane/style.ts'
import type { LessonState, ToldLesson } from '../../server/lessons/state.ts'
import type { TransportName } from '../../server/protocol/feed.ts'
import { readAddress } from '../session/address.ts'
import { claimLink } from '../lab/instructor.ts'
import { ask, followLesson } from './lesson.ts'
import { openSession } from '../session/open-session.ts'
import { TRANSPORTS } from '../lane/order.ts'
import { clockResolutionMs } from '../lab/resolution.ts'
import type { SandboxSession, ShownLane } from '../session/session.ts'
import { snapshot } from '../session/snapshot.ts'
import { watchWake } from '../lane/wake.ts'
import { transports } from '../transports/index.ts'
import { readColours } from '../drawing/colours.ts'
import { age } from '../page/format.ts'
import { LessonLive } from './live.ts'
import { Prediction } from './prediction-view.ts'
import { offerRuns } from './run.ts'
import { offerTries } from './try.ts'
import { figuresEveryMs } from '../page/media.ts'
import { onTheme } from '../page/theme.ts'
import { started } from '../page/started.ts'

await claimLink()

// If the row of lessons is too narrow to show all lessons, the page scrolls the row until the current lesson is
// visible.
const squares = document.querySelector<HTMLElement>('.progress')
const current = squares?.querySelector<HTMLElement>('.current')
if (squares && current) squares.scrollLeft = current.offsetLeft - squares.offsetLeft - squares.clientWidth / 2

const main = document.querySelector<HTMLElement>('main.lesson')
const live = document.querySelector('fw-lesson')
if (main && live instanceof LessonLive) start(main.dataset, live)
else if (document.querySelector('main.course')) followLesson((state) => state && showProgress(state))
started()

function start({ lesson = '', look = '/', mine = '', yours = '' }: DOMStringMap, live: LessonLive): void {
  const address = readAddress(new URL(look, location.href).search)
  const prediction = document.querySelector('fw-prediction')
  let session: SandboxSession | undefined
  let running: string | null = null
  /** Time at which the last check ended, on this page's clock; null before the first check. */
  let checkedAtMs: number | null = null
  Object.assign(live, { lesson, look, yours, address })
  if (prediction instanceof Prediction) prediction.lesson = lesson

  const recolour = (): void => void (live.colours = readColours())
  onTheme(recolour)
  recolour()
  addEventListener('keydown', press)
  offerTries(document, { session: () => session, mine })
  const showRuns = offerRuns(document)
  followLesson(hear)
  refresh()

  function hear(state: ToldLesson | null): void {
    const isHere = state?.lesson === lesson
    showRuns(isHere ? state : null)
    // When the server made this page, no lesson was running.
    if (state && mine === '') return location.reload()
    live.state = state
    checkedAtMs = state?.checkedAgoMs == null ? null : performance.now() - state.checkedAgoMs
    if (state) showProgress(state)
    showKit(state, checkedAtMs)
    // When the page opened its lanes, this lesson was not running, so the page has no lane for the student's server.
    if (isHere && spokenBy(state) && session?.lanes.every(({ name }) => name !== 'yours')) return location.reload()
    session ??= open(isHere ? state : null)
    const now = isHere ? state.yours : null
    // The student's server is back at its address, so its lane reconnects now.
    if (now !== null && now !== running) for (const lane of session.lanes) if (lane.name === 'yours') lane.wake()
    running = now
  }

  function open(state: LessonState | null): SandboxSession {
    const spoken = spokenBy(state)
    const shown: readonly ShownLane[] = [
      ...address.lanes.map((name) => ({ name, transport: name })),
      ...(spoken ? [{ name: 'yours' as const, transport: spoken, origin: location.origin + mine }] : []),
    ]
    const opened = openSession(
      { origin: location.origin, address, shown, transports, clockResolutionMs: clockResolutionMs() },
      { say: (sentence) => live.say(sentence), changed: () => live.tick++, heard: () => {} },
    )
    watchWake(opened)
    window.fourwire = { snapshot: () => snapshot(opened) }
    live.session = opened
    if (prediction instanceof Prediction) prediction.session = opened
    return opened
  }

  function spokenBy(state: LessonState | null): TransportName | undefined {
    return mine === '' ? undefined : TRANSPORTS.find((name) => name === state?.transport)
  }

  function refresh(): void {
    setTimeout(refresh, figuresEveryMs())
    if (document.visibilityState !== 'visible') return
    live.tick++
    if (prediction instanceof Prediction) prediction.tick = live.tick
    showKit(live.state ?? null, checkedAtMs)
  }

  function press(event: KeyboardEvent): void {
    const { key, target, ctrlKey, metaKey, altKey } = event
    const isTyping = target instanceof Element && target.closest('input, select, textarea') !== null
    if (isTyping || ctrlKey || metaKey || altKey) return
    if (key === 'r') void ask('check')
    else if (key === 'h') void ask('hint')
    else if (key === 'l') location.assign('/lessons')
    else if (key === 'n') document.querySelector<HTMLAnchorElement>('a[rel=next]')?.click()
    else if (key === 'p') document.querySelector<HTMLAnchorElement>('a[rel=prev]')?.click()
  }
}

/** Marks lessons that the student has done since the server made the page. */
function showProgress({ course }: LessonState): void {
  for (const { name, isDone } of course)
    for (const element of document.querySelectorAll(`[data-lesson="${name}"]:not(main)`)) {
      element.classList.toggle('done', isDone)
      const word = element.querySelector('.is')
      if (word) word.textContent = isDone ? 'done' : ''
    }
}

function showKit(state: LessonState | null, checkedAtMs: number | null): void {
  const place = document.querySelector('#kit')
  if (!place) return
  const checked = checkedAtMs === null ? '' : ` · checked ${age(performance.now() - checkedAtMs)} ago`
  place.textContent = state ? `watching work/${state.hunt ? 'hunts/' : ''}${state.lesson}/${checked}` : ''
}
