/** A generator returns one answer after the other, and the pause ends at once when the client is stopped. */
import type { Event, PollAnswer } from '#server/protocol.ts'

interface Target {
  origin: string
  room: string
  after?: string
}

export const connect = (target: Target, { event }: { event: (event: Event) => void }) => {
  const stopped = new AbortController()
  deliver(target, event, stopped.signal).catch(() => {})
  return () => stopped.abort()
}

async function deliver(target: Target, event: (event: Event) => void, signal: AbortSignal) {
  for await (const { events } of answers(target, signal)) for (const one of events) event(one)
}

async function* answers({ origin, room, after }: Target, signal: AbortSignal): AsyncGenerator<PollAnswer> {
  const query = new URLSearchParams(after === undefined ? {} : { after })
  while (true) {
    let answer: PollAnswer | undefined
    try {
      const response = await fetch(new Request(`${origin}/feed/${room}/poll?${query}`, { signal }))
      if (response.status === 200) answer = (await response.json()) as PollAnswer
    } catch {
      // The network or the server has failed. The next request asks for the same.
    }
    if (signal.aborted) return
    if (answer) {
      query.set('after', answer.cursor)
      yield answer
    }
    if (!answer?.more) await pause(1000, signal)
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })
}
