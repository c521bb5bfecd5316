/**
 * The kit is the program that runs a lesson and has started this server. The kit sends the state of the lesson to this
 * server, and accepts the wishes of pages.
 */
import type { LessonState, LessonWish } from './state.ts'

export interface Kit {
  /** Null until the kit has sent a state. */
  readonly state: LessonState | null
  /**
   * Last known URL of the student's server; null before its first start. After each save, the student's server has the
   * same URL again.
   */
  readonly yours: string | null
  follow(listener: (state: LessonState) => void): () => void
  ask(wish: LessonWish): void
}

/**
 * The channel between this process and the process that has started it. The channel has the same members as Node's
 * `process`.
 */
export interface Channel {
  on(event: 'message', listener: (told: unknown) => void): unknown
  send?(wish: LessonWish): unknown
  /**
   * The open channel. While a listener for `message` exists, the channel keeps this process alive; `unref` prevents
   * that.
   */
  readonly channel?: { unref(): void } | null | undefined
}

/**
 * Returns the kit that uses the channel `parent`. Other programs, such as `node --watch`, also start this server with a
 * channel; the messages of other programs are ignored.
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
