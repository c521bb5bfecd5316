/** Starts a lesson's page: its lanes in the state that the lesson describes, and beside them the student's, where one runs. */
import type { LessonState, ToldLesson } from '../server/lessons/state.ts'
import type { TransportName } from '../server/protocol.ts'
import { readAddress } from './state/address.ts'
import { ask, followLesson } from './state/lesson.ts'
import { openSession } from './state/open-session.ts'
import { TRANSPORTS } from './state/order.ts'
import { clockResolutionMs } from './state/resolution.ts'
import type { Session, ShownLane } from './state/session.ts'
import { snapshot } from './state/snapshot.ts'
import { watchWake } from './state/wake.ts'
import { transports } from './transports/index.ts'
import { readColours } from './view/colours.ts'
import { age } from './view/format.ts'
import { LessonLive } from './view/lesson/live.ts'
import { Prediction } from './view/lesson/prediction.ts'
import { offerTries } from './view/lesson/try.ts'
import { dark, figuresEveryMs, forced } from './view/media.ts'
import { recall } from './view/memory.ts'

const theme = recall('theme')
if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme

// Where there is no room for all of them, the one that this is has to be among those that are seen.
const squares = document.querySelector<HTMLElement>('.progress')
const current = squares?.querySelector<HTMLElement>('.current')
if (squares && current) squares.scrollLeft = current.offsetLeft - squares.offsetLeft - squares.clientWidth / 2

const main = document.querySelector<HTMLElement>('main.lesson')
const live = document.querySelector('fw-lesson')
if (main && live instanceof LessonLive) start(main.dataset, live)
else followLesson((state) => state && showProgress(state))

function start({ lesson = '', look = '/', way = '', yours = '' }: DOMStringMap, live: LessonLive): void {
  const address = readAddress(new URL(look, location.href).search)
  const prediction = document.querySelector('fw-prediction')
  let session: Session | undefined
  let running: string | null = null
  Object.assign(live, { lesson, look, yours, address })
  if (prediction instanceof Prediction) prediction.lesson = lesson

  const recolour = (): void => void (live.colours = readColours())
  for (const media of [dark, forced]) media.addEventListener('change', recolour)
  recolour()
  addEventListener('keydown', press)
  offerTries(document, { session: () => session, way })
  followLesson(hear)
  refresh()

  function hear(state: ToldLesson | null): void {
    const isHere = state?.lesson === lesson
    // What the page may speak to was said with the page itself.
    if (state && state.way !== null && state.way !== way) return location.reload()
    live.state = state
    if (state) showProgress(state)
    showKit(state)
    // Nor had it a lane for the student's server, where another lesson ran then.
    if (isHere && spokenBy(state) && session?.lanes.every(({ name }) => name !== 'yours')) return location.reload()
    session ??= open(isHere ? state : null)
    const now = isHere ? state.yours : null
    // It comes back where it was, and the lane need not wait for its own next attempt.
    if (now !== null && now !== running) for (const lane of session.lanes) if (lane.name === 'yours') lane.wake()
    running = now
  }

  function open(state: LessonState | null): Session {
    const spoken = spokenBy(state)
    const shown: readonly ShownLane[] = [
      ...address.lanes.map((name) => ({ name, transport: name })),
      ...(spoken ? [{ name: 'yours' as const, transport: spoken, origin: way }] : []),
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

  /** Without a way there is no lane. */
  function spokenBy(state: LessonState | null): TransportName | undefined {
    return way === '' ? undefined : TRANSPORTS.find((name) => name === state?.transport)
  }

  function refresh(): void {
    setTimeout(refresh, figuresEveryMs())
    if (document.visibilityState !== 'visible') return
    live.tick++
    if (prediction instanceof Prediction) prediction.tick = live.tick
    showKit(live.state ?? null)
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

/** What was done since the page was made. */
function showProgress({ course }: LessonState): void {
  for (const { name, isDone } of course)
    for (const element of document.querySelectorAll(`[data-lesson="${name}"]:not(main)`)) {
      element.classList.toggle('done', isDone)
      const word = element.querySelector('.is')
      if (word) word.textContent = isDone ? 'done' : ''
    }
}

function showKit(state: LessonState | null): void {
  const place = document.querySelector('#kit')
  if (!place) return
  const checked = state?.checkedAtMs ? ` · checked ${age(Date.now() - state.checkedAtMs)} ago` : ''
  place.textContent = state ? `watching work/${state.lesson}/${checked}` : ''
}
