/** Without `async`: each response sets the timer for the next request. */
import type { Event, PollAnswer } from '#server/protocol.ts'

type Target = { origin: string; room: string; after?: string }

export function connect({ origin, room, after }: Target, listener: { event(event: Event): void }): () => void {
  let position = after ?? ''
  let timer: ReturnType<typeof setTimeout>
  let controller = new AbortController()
  let isStopped = false

  function ask() {
    controller = new AbortController()
    const url = new URL(`/feed/${encodeURIComponent(room)}/poll`, origin)
    if (position !== '') url.searchParams.set('after', position)
    fetch(url, { signal: controller.signal, cache: 'no-store' })
      .then((response) => {
        if (response.status === 204) return null
        if (!response.ok) throw new Error(response.statusText)
        return response.json()
      })
      .then((answer: PollAnswer | null) => {
        if (isStopped) return
        if (answer === null) return wait()
        answer.events.forEach((event) => listener.event(event))
        position = answer.cursor
        if (answer.more) ask()
        else wait()
      })
      .catch(() => !isStopped && wait())
  }

  function wait() {
    timer = setTimeout(ask, 1000)
  }

  ask()
  return () => {
    isStopped = true
    clearTimeout(timer)
    controller.abort()
  }
}
