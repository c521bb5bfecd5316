/** The kit that runs a lesson, where one has started this server: it tells how the lesson stands, and may be asked. */
import type { LessonState, LessonWish } from './state.ts'

export interface Kit {
  /** Null before the kit has told. */
  readonly state: LessonState | null
  /** Where the student's server was last: it comes back there after each save. Null before it has been anywhere. */
  readonly yours: string | null
  follow(listener: (state: LessonState) => void): () => void
  ask(wish: LessonWish): void
}

/** What a process has of the one that started it, where that left a channel between them. */
export interface Channel {
  on(event: 'message', listener: (told: unknown) => void): unknown
  send?(wish: LessonWish): unknown
  /** Keeps the process from ending while somebody listens. */
  readonly channel?: { unref(): void } | null | undefined
}

/** Who else starts this server with a channel, as `node --watch` does, may say there what it likes: it is ignored. */
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
