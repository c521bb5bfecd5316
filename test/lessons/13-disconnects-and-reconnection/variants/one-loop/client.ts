/** One loop: a connection, a pause, the next connection. Each pause is at least half of its maximum. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Event } from '#server/protocol.ts'

interface Target {
  readonly origin: string
  readonly room: string
  readonly after?: string
}
interface Listener {
  event(event: Event): void
  ended(why: string): void
}

const FINAL = new Set([1008, 4401, 4403])

export function connect(target: Target, listener: Listener): () => void {
  const over = new AbortController()
  void run(target, listener, over.signal)
  return () => over.abort()
}

async function run({ origin, room, after }: Target, { event, ended }: Listener, over: AbortSignal): Promise<void> {
  const address = new URL(`${origin}/feed/${room}/ws`)
  if (after !== undefined) address.searchParams.set('after', after)
  for (let pauseMs = 800; !over.aborted; pauseMs = Math.min(pauseMs * 2, 25_000)) {
    const { code, worked } = await line(address, event, over)
    if (over.aborted) return
    if (FINAL.has(code)) return ended(`closed with ${code}`)
    if (worked) pauseMs = 800
    await sleep(pauseMs * (0.5 + Math.random() / 2), undefined, { signal: over }).catch(() => {})
  }
}

/** Resolves when the connection has ended, or has been silent for too long. */
function line(address: URL, deliver: Listener['event'], over: AbortSignal) {
  const { promise, resolve } = Promise.withResolvers<{ code: number; worked: boolean }>()
  const socket = new WebSocket(address)
  let worked = false
  let heardAtMs = Date.now()
  const end = (code: number) => {
    clearInterval(pulse)
    over.removeEventListener('abort', leave)
    socket.removeEventListener('message', hear)
    socket.close()
    resolve({ code, worked })
  }
  const leave = () => end(1000)
  const hear = ({ data }: MessageEvent) => {
    worked = true
    heardAtMs = Date.now()
    const message: { type: string; id?: string; cursor?: string } & Event = JSON.parse(data)
    address.searchParams.set('after', message.cursor ?? message.id ?? address.searchParams.get('after') ?? '')
    if (message.type === 'message' || message.type === 'tick') deliver(message)
  }
  // A ping every ten seconds. After three pings without a message, the connection is lost.
  const pulse = setInterval(() => {
    if (Date.now() - heardAtMs >= 30_000) end(1006)
    else if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: 'ping' }))
  }, 10_000)
  socket.addEventListener('message', hear)
  socket.addEventListener('close', ({ code }) => end(code))
  over.addEventListener('abort', leave)
  return promise
}
