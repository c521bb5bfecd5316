/**
 * The kit: the program that runs a lesson and has started this server. It sends the lesson's state and accepts wishes.
 */
import type { LessonState, LessonWish } from './state.ts'

export interface Kit {
  /** Null until the kit has sent a state. */
  readonly state: LessonState | null
  /** Last URL of the student's server, which has the same URL again after each save. Null before its first start. */
  readonly yours: string | null
  follow(listener: (state: LessonState) => void): () => void
  ask(wish: LessonWish): void
}

/** The channel between this process and the process that started it, as on Node's `process`. */
export interface Channel {
  on(event: 'message', listener: (told: unknown) => void): unknown
  send?(wish: LessonWish): unknown
  /** The open channel. It keeps the process alive while a listener exists. */
  readonly channel?: { unref(): void } | null | undefined
}

/**
 * Returns the kit at the other end of a channel. Other programs, such as `node --watch`, also start this server with a
 * channel; their messages are ignored.
 */
export function kitOf(parent: Channel): Kit {
  const listeners = new Set<(state: LessonState) => void>()
  let state: LessonState | null = null
  let yours: string | null = null
  parent.on('message', (told) => {
    if (!isState(told)) return
    state = told
    yours = told.yours ?? yours
    for (const listener of listeners) listener(told)
  })
  parent.channel?.unref()

  return {
    get state() {
      return state
    },
    get yours() {
      return yours
    },
    follow(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    ask: (wish) => void parent.send?.(wish),
  }
}

const isState = (told: unknown): told is LessonState => typeof told === 'object' && told !== null && 'lesson' in told
