/** Uses separate parts: a growing pause, a watchdog, and a connection that knows if it is the current one. */
import type { Event, FeedMessage } from '#server/protocol.ts'

type Deliver = (event: Event) => void

function pauses(firstMs: number, longestMs: number) {
  let last = firstMs
  return {
    /** Decorrelated jitter: a pause between the first one and three times the last one. */
    nextMs: () => (last = Math.min(longestMs, firstMs + Math.random() * (last * 3 - firstMs))),
    reset: () => (last = firstMs),
  }
}

function watch(overdue: () => void, ask: () => void) {
  let timer = setTimeout(overdue, 15_000)
  return {
    sign() {
      clearTimeout(timer)
      timer = setTimeout(() => {
        ask()
        timer = setTimeout(overdue, 12_000)
      }, 15_000)
    },
    end: () => clearTimeout(timer),
  }
}

export const connect = (
  { origin, room, after }: { origin: string; room: string; after?: string },
  { event, ended }: { event: Deliver; ended: (why: string) => void },
): (() => void) => {
  const pause = pauses(1000, 20_000)
  let cursor = after
  let generation = 0
  let leave = () => {}
  open()
  return () => {
    generation += 1
    leave()
  }

  function open() {
    const own = ++generation
    const isCurrent = () => own === generation
    const socket = new WebSocket(
      cursor === undefined ? `${origin}/feed/${room}/ws` : `${origin}/feed/${room}/ws?after=${cursor}`,
    )
    const watching = watch(
      () => next(),
      () => socket.readyState === 1 && socket.send('{"type":"ping"}'),
    )
    let timer: ReturnType<typeof setTimeout> | undefined
    leave = () => {
      watching.end()
      clearTimeout(timer)
      socket.close()
    }
    const next = () => {
      if (!isCurrent()) return
      generation += 1
      leave()
      timer = setTimeout(open, pause.nextMs())
      const end = leave
      leave = () => {
        clearTimeout(timer)
        end()
      }
    }
    socket.addEventListener('message', ({ data }) => {
      if (!isCurrent()) return
      watching.sign()
      pause.reset()
      const message = JSON.parse(String(data)) as Event | FeedMessage
      if (message.type === 'connected' && message.cursor !== undefined) cursor = message.cursor
      if (!('at' in message)) return
      cursor = message.id
      event(message)
    })
    socket.addEventListener('close', ({ code, reason }) => {
      if (code !== 1008) return next()
      if (!isCurrent()) return
      generation += 1
      leave()
      ended(reason || 'not wanted')
    })
  }
}
