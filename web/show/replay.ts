/** Plays a saved class: the same pictures as in the hour, without a server. */
import type { ShowSaying, ShowSession, ShowState, Step } from '../../server/protocol/show.ts'
import type { FollowedShow } from './follow.ts'
import { isShownScene } from './saved-scene.ts'

/** Largest number of scenes of a show. */
const MOST_SCENES = 100

const FORMAT: ShowSession['format'] = 'fourwire-show-1'

/** Reads a saved class. Throws an error with a sentence if the text is something else. `name` is the file's name. */
export function readSession(text: string, name: string): ShowSession {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error(`“${name}” is not JSON. Choose the file that the presenter’s page saves as “Session (JSON)”.`)
  }
  if (!isSession(value)) throw new Error(`“${name}” is not the session of a class: its “format” is not “${FORMAT}”.`)
  if (value.scenes.length === 0) throw new Error(`“${name}” has no scene that was shown to its end.`)
  const wrong = value.scenes.findIndex((scene) => !isShownScene(scene))
  if (wrong >= 0)
    throw new Error(`“${name}” cannot be played: its scene ${wrong + 1} is not one that a Fourwire has saved.`)
  return value
}

function isSession(value: unknown): value is ShowSession {
  return (
    typeof value === 'object' &&
    value !== null &&
    'format' in value &&
    value.format === FORMAT &&
    'scenes' in value &&
    Array.isArray(value.scenes) &&
    value.scenes.length <= MOST_SCENES
  )
}

/** Creates the show of a saved class. It begins at the first scene, and moves like a show with a server. */
export function replayShow(session: ShowSession, changed: () => void): FollowedShow {
  const scenes = session.scenes.map(({ scene }) => scene)
  let place: { readonly scene: string; readonly step: Step } = { scene: scenes[0]?.id ?? '', step: 'predict' }
  let blank = false

  const saved = (): ShowSession['scenes'][number] | undefined =>
    session.scenes.find(({ scene }) => scene.id === place.scene)

  return {
    session: null,
    scenes,
    get state() {
      const known = saved()?.state
      return known ? { ...stateAt(known, place.step), blank } : null
    },
    get seats() {
      return saved()?.seats ?? []
    },
    client: null,
    isInstructor: true,
    serverNowMs: () => null,
    say(saying: ShowSaying) {
      if (saying.say === 'go') place = { scene: saying.scene, step: saying.step }
      if (saying.say === 'stage') blank = saying.blank ?? blank
      changed()
    },
  }
}

/** Returns the state of an earlier step, in which less was known than at the end of the scene. */
function stateAt(end: ShowState, step: Step): ShowState {
  const isHidden = step === 'predict'
  return {
    ...end,
    step,
    votes: isHidden ? null : end.votes,
    hands: isHidden ? null : end.hands,
    measured: step === 'run' || step === 'explain' ? end.measured : [],
    outcome: step === 'explain' ? end.outcome : null,
  }
}
