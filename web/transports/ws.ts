/**
 * WebSocket (RFC 6455): one connection for both directions. A browser does not reconnect a WebSocket by itself, so this
 * file does.
 */
import type { Cursor, Event, FeedMessage, FeedRequest } from '../../server/protocol/feed.ts'
import { streaming } from '../measure/model.ts'
import { now } from '../now.ts'
import { ofLane, ofPerson, sentences } from './ask.ts'
import { createBackoff } from './backoff.ts'
import { startDeadline } from './deadline.ts'
import type { DescribedTransport } from './transport.ts'

/**
 * If the connection is silent for this time, the client sends a `ping` message. The browser does not show the server's
 * pings to the page, so the page notices a dead connection only if it asks the server for an answer.
 */
const SILENCE_MS = 20_000
const ANSWER_MS = 10_000

interface Sent {
  resolve(id: Cursor): void
  reject(error: Error): void
}

export const ws: DescribedTransport = {
  name: 'ws',
  path: 'ws',
  kind: 'socket',
  canPush: true,
  isHeldByProxy: false,
  fallbackRank: 1,
  simplicityRank: 5,
  memoryKiB: 15,
  effort: {
    proxies: 'pass the upgrade, a long timeout',
    authentication: 'cookies only, a check of Origin; end sockets with their session',
    reconnect: 'your code, with backoff and heartbeats',
    replay: 'your code sends the cursor',
  },
  isUsual: true,
  label: 'WebSocket',
  verb: 'open in both directions',
  carrier: 'Frame',
  shape: [
    [0, -1.25],
    [1.25, 0],
    [0, 1.25],
    [-1.25, 0],
  ],
  colour: { light: '#1f4fc8', dark: '#5f9aff' },
  // Size of a heartbeat: the server's ping has 2 bytes, and the browser's masked pong has 6 bytes.
  model: streaming(8),

  connect({ origin, room, lane, person, after }, listener) {
    const backoff = createBackoff()
    const unanswered = new Map<string, Sent>()
    let cursor = after
    let retry: ReturnType<typeof setTimeout> | undefined
    let unwatch = (): void => {}
    let socket = open()

    return {
      publish: (user, text, key) =>
        new Promise((resolve, reject) => {
          if (socket.readyState !== WebSocket.OPEN) return reject(new Error('the WebSocket is not open'))
          unanswered.set(key, { resolve, reject })
          say(socket, { type: 'message', room, user, text, key })
        }),
      typing(on = true) {
        if (person && socket.readyState === WebSocket.OPEN) say(socket, { type: 'typing', room, on })
      },
      stop,
      leave() {
        if (person && socket.readyState === WebSocket.OPEN) say(socket, { type: 'leave', room })
        stop()
      },
    }

    function stop(): void {
      clearTimeout(retry)
      abandon(socket)
      giveUp()
    }

    function open(): WebSocket {
      listener.state({ is: 'connecting', atMs: now() })
      const opening = new WebSocket(
        ofLane(ofPerson(`${origin.replace(/^http/, 'ws')}/feed/${room}/ws?after=${cursor}`, person), lane),
      )
      opening.onopen = () => {
        backoff.reset()
        listener.state({ is: 'open', atMs: now() })
        watch()
      }
      opening.onmessage = ({ data }: MessageEvent<string>) => {
        const receivedAtMs = now()
        watch()
        receive(JSON.parse(data), receivedAtMs)
      }
      opening.onclose = ({ code, reason }) =>
        lost(code === 1006 ? 'the connection was cut' : `the connection was closed with ${code} ${reason}`.trim())
      return opening
    }

    function receive(message: Event | FeedMessage, receivedAtMs: number): void {
      if ('at' in message) {
        cursor = message.id
        listener.events([message], receivedAtMs)
      } else if (message.type === 'gap') {
        cursor = message.cursor
        listener.gap(message.cursor, receivedAtMs)
      } else if (message.type === 'presence') {
        listener.presence?.(message)
      } else if (message.type === 'degraded') {
        listener.state({ is: 'open', atMs: receivedAtMs, trouble: message.reason })
      } else if (message.type === 'restored') {
        listener.state({ is: 'open', atMs: receivedAtMs })
      } else if (message.type === 'accepted') {
        unanswered.get(message.key)?.resolve(message.id)
        unanswered.delete(message.key)
      } else if (message.type === 'error') {
        // An error of the server does not name a key. The server answers the messages in their order, so the error
        // belongs to the oldest message without an answer.
        const [key, sent] = unanswered.entries().next().value ?? []
        sent?.reject(new Error(sentences(message.message, message.remedy)))
        if (key !== undefined) unanswered.delete(key)
      }
    }

    function lost(trouble: string): void {
      abandon(socket)
      giveUp()
      const waitMs = backoff.nextMs()
      const atMs = now()
      listener.state({ is: 'reconnecting', atMs, untilMs: atMs + waitMs, trouble })
      retry = setTimeout(() => (socket = open()), waitMs)
    }

    function watch(): void {
      unwatch()
      unwatch = startDeadline(SILENCE_MS, () => {
        say(socket, { type: 'ping' })
        unwatch = startDeadline(ANSWER_MS, () => lost('no answer to a ping'))
      })
    }

    function abandon(old: WebSocket): void {
      unwatch()
      old.onopen = old.onmessage = old.onclose = null
      old.close()
    }

    function giveUp(): void {
      for (const { reject } of unanswered.values())
        reject(new Error('the WebSocket closed before the server accepted the message'))
      unanswered.clear()
    }
  },
}

function say(socket: WebSocket, request: FeedRequest): void {
  socket.send(JSON.stringify(request))
}
