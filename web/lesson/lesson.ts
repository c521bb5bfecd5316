/** The state of the lesson that runs in a terminal. The server gets it from the kit and sends it to this page. */
import type { LessonWish, ToldLesson } from '../../server/lessons/state.ts'

const RETRY_MS = 3000

/**
 * Calls `told` at once and on every change while the page is visible; with null if no lesson runs. A hidden page holds
 * no connection, because all tabs of a browser share six connections. Returns a function that stops it.
 */
export function followLesson(told: (state: ToldLesson | null) => void): () => void {
  const ending = new AbortController()
  let source: EventSource | null = null
  let retry: ReturnType<typeof setTimeout> | undefined

  const follow = (): void => {
    const isSeen = document.visibilityState !== 'hidden'
    if (isSeen && !source) source = open()
    if (isSeen || !source) return
    close()
  }
  const close = (): void => {
    clearTimeout(retry)
    source?.close()
    source = null
  }
  const open = (): EventSource => {
    const opened = new EventSource('/lessons/state')
    opened.onmessage = ({ data }: MessageEvent<string>) => told(JSON.parse(data))
    // When the lesson ends, its sandbox ends too.
    opened.onerror = () => {
      told(null)
      // An error status stops an EventSource for ever. A proxy sends one while its server restarts.
      if (opened.readyState !== EventSource.CLOSED) return
      clearTimeout(retry)
      retry = setTimeout(() => source === opened && (source = open()), RETRY_MS)
    }
    return opened
  }
  follow()
  document.addEventListener('visibilitychange', follow, { signal: ending.signal })
  return () => {
    ending.abort()
    close()
  }
}

export async function ask(wish: LessonWish): Promise<void> {
  // If the request fails, the page already shows that no lesson runs.
  await fetch(`/lessons/${wish}`, { method: 'POST' }).catch(() => undefined)
}
