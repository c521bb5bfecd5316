/**
 * Follows the state of the lesson that runs in a terminal. The kit tells the server this state, and the server tells
 * this page.
 */
import type { LessonWish, ToldLesson } from '../../server/lessons/state.ts'

const RETRY_MS = 3000

/**
 * Calls `told` with the lesson's state, at once and after every change, while the page is visible. The state is null if
 * no lesson runs. A hidden page holds no connection, because all tabs of a browser share six connections. Returns a
 * function that stops following.
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
    // When the lesson ends, its sandbox ends too, and the connection breaks.
    opened.onerror = () => {
      told(null)
      // After an error status, an EventSource never reconnects. A proxy sends an error status while its server
      // restarts.
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
  // If this request fails, the page needs to show nothing more, because it already shows that no lesson runs.
  const isWord = typeof wish === 'string'
  await fetch(`/lessons/${isWord ? wish : Object.keys(wish)[0]}`, {
    method: 'POST',
    ...(!isWord && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(wish) }),
  }).catch(() => undefined)
}
