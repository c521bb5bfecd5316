/** How the lesson stands that runs in a terminal beside this page, as the server has it from the kit. */
import type { LessonWish, ToldLesson } from '../../server/lessons/state.ts'

/**
 * Calls with null while no lesson runs; at once, and on every change, while the page is seen. A hidden page holds no
 * connection: a browser has six for all its tabs together, and lessons are read in several. What it returns ends it.
 */
export function followLesson(told: (state: ToldLesson | null) => void): () => void {
  const ending = new AbortController()
  let source: EventSource | null = null

  const follow = (): void => {
    const isSeen = document.visibilityState !== 'hidden'
    if (isSeen && !source) source = open()
    if (isSeen || !source) return
    source.close()
    source = null
  }
  const open = (): EventSource => {
    const opened = new EventSource('/lessons/state')
    opened.onmessage = ({ data }: MessageEvent<string>) => told(JSON.parse(data))
    // The kit ends its sandbox with itself.
    opened.onerror = () => told(null)
    return opened
  }
  follow()
  document.addEventListener('visibilitychange', follow, { signal: ending.signal })
  return () => {
    ending.abort()
    source?.close()
  }
}

export async function ask(wish: LessonWish): Promise<void> {
  // Where nobody hears it, the page says already that no lesson runs.
  await fetch(`/lessons/${wish}`, { method: 'POST' }).catch(() => undefined)
}
