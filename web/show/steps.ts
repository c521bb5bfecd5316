/** The order of the scenes and of their steps, and the names under which people know them. */
import type { Scene, ShowState, Step } from '../../server/protocol/show.ts'

/** A step of a scene. */
export interface ShowPlace {
  readonly scene: string
  readonly step: Step
}

const ALL: readonly Step[] = ['predict', 'closed', 'run', 'explain']

export const STEP_NAMES: Readonly<Record<Step, string>> = {
  predict: 'Predict',
  closed: 'Votes closed',
  run: 'Run',
  explain: 'Explain',
}

/** Returns the steps of a scene. Without a question there are no votes to close. A scene in which the class joins only waits. */
function stepsOf({ answers, view }: Pick<Scene, 'answers' | 'view'>): readonly Step[] {
  if (view === 'join') return ['predict']
  return answers.length > 0 ? ALL : ALL.filter((step) => step !== 'closed')
}

/** Returns the step after the present one; null at the end of the show. */
export function nextPlace(scenes: readonly Scene[], { scene, step }: ShowPlace): ShowPlace | null {
  const at = scenes.findIndex(({ id }) => id === scene)
  const present = scenes[at]
  if (!present) return null
  const steps = stepsOf(present)
  const next = steps[steps.indexOf(step) + 1]
  if (next !== undefined) return { scene, step: next }
  const following = sceneAfter(scenes, scene)
  return following ? { scene: following.id, step: 'predict' } : null
}

/** Returns the scene after this one; undefined after the last. Spare scenes come only if somebody asks for them. */
export function sceneAfter(scenes: readonly Scene[], id: string): Scene | undefined {
  return scenes.slice(scenes.findIndex((scene) => scene.id === id) + 1).find(({ spare = false }) => !spare)
}

/** Returns the step before the present one; null at the beginning of the show. */
export function previousPlace(scenes: readonly Scene[], { scene, step }: ShowPlace): ShowPlace | null {
  const at = scenes.findIndex(({ id }) => id === scene)
  const present = scenes[at]
  if (!present) return null
  const steps = stepsOf(present)
  const previous = steps[steps.indexOf(step) - 1]
  if (previous !== undefined) return { scene, step: previous }
  const earlier = scenes.slice(0, at).findLast(({ spare = false }) => !spare)
  return earlier ? { scene: earlier.id, step: stepsOf(earlier).at(-1) ?? 'predict' } : null
}

/** Returns the number of a scene, from 1; null for a scene in which the class joins. */
export function numberOf(scenes: readonly Scene[], id: string): number | null {
  const counted = scenes.filter(({ view }) => view !== 'join')
  const at = counted.findIndex((scene) => scene.id === id)
  return at < 0 ? null : at + 1
}

/** Returns the scene with this number; undefined if there is none. */
export function sceneNumbered(scenes: readonly Scene[], number: number): Scene | undefined {
  return scenes.filter(({ view }) => view !== 'join')[number - 1]
}

export function sceneOf(scenes: readonly Scene[], { scene }: Pick<ShowState, 'scene'>): Scene | undefined {
  return scenes.find(({ id }) => id === scene)
}

/** Returns the scenes with the sentence of the present step, which a phone gets only with the state. */
export function withSentence(
  scenes: readonly Scene[],
  { scene, step, sentence }: Pick<ShowState, 'scene' | 'step' | 'sentence'>,
): readonly Scene[] {
  if (sentence === undefined) return scenes
  const known = step === 'run' ? { look: sentence } : { explain: sentence }
  return scenes.map((one) => (one.id === scene ? { ...one, ...known } : one))
}

/** Returns the time in ms until the run ends: negative if it is over, and null if the scene does not run. */
export function runLeftMs(scene: Scene, { step, sinceMs }: ShowState, serverNowMs: number | null): number | null {
  return step === 'run' && serverNowMs !== null ? sinceMs + scene.runS * 1000 - serverNowMs : null
}

/** Names the act that leads to a step, for a button. */
export function actText(scenes: readonly Scene[], present: ShowPlace, next: ShowPlace): string {
  if (next.scene !== present.scene)
    return `Next scene: ${scenes.find(({ id }) => id === next.scene)?.title ?? next.scene}`
  return ACTS[next.step]
}

const ACTS: Readonly<Record<Step, string>> = {
  predict: 'Open the votes again',
  closed: 'Close the votes',
  run: 'Run it',
  explain: 'Show the result',
}
