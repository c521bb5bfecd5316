/** The clock of the hour, and the time in the present scene. */
import type { ShowState } from '../../server/protocol/show.ts'

export function clockText(date: Date): string {
  return date.toTimeString().slice(0, 5)
}

/** Formats a duration as minutes and seconds. */
export function minutesText(ms: number | null): string {
  if (ms === null) return '–'
  const seconds = Math.max(0, Math.floor(ms / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/**
 * Returns a function for the time in the present scene in ms. A page that was opened in the middle of a scene counts
 * from the beginning of the present step, because the state has no earlier time.
 */
export function sceneTimer(): (state: Pick<ShowState, 'scene' | 'room' | 'sinceMs'>, serverNowMs: number) => number {
  let scene = ''
  let beganMs = 0
  return (state, serverNowMs) => {
    const present = `${state.room} ${state.scene}`
    if (present !== scene) beganMs = state.sinceMs
    scene = present
    return serverNowMs - beganMs
  }
}
