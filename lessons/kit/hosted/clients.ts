/** Starts a student's client any number of times, and watches every WebSocket and every request that it opens. */
import type { Event } from '../../../server/protocol/feed.ts'
import type { Clients, OpenedSocket, SentRequest } from './message.ts'

/** First argument of a student's client. */
interface Target {
  /** `ws://127.0.0.1:4213`, or `http:` for a client that uses `fetch`. */
  readonly origin: string
  readonly room: string
  /** Cursor to start after; without it, the end of the room. */
  readonly after?: string
}

interface Listener {
  event(event: Event): void
  /** Called when the client will not reconnect. */
  ended(why: string): void
}

type Connect = (target: Target, listener: Listener) => () => void

export interface WatchedClients {
  use(connect: unknown): void
  connect(origin: string, rooms: readonly string[], after: string | null): void
  seen(): Clients
  /** Calls the function that ends each client. */
  stop(): void
  /** Stops the clients, and forgets them. */
  disconnect(): void
}

/** Replaces the global `WebSocket` and, if the program is a client, `fetch`. To be called before the program's own code runs. */
export function watchClients(isClient: boolean): WatchedClients {
  let connect: Connect | null = null
  let sockets: { readonly socket: WebSocket; readonly openedAtMs: number; closedAtMs: number | null }[] = []
  let stops: (() => void)[] = []
  const requests: { room: string; url: string; askedAtMs: number; endedAtMs: number | null }[] = []
  const delivered: Record<string, Event[]> = {}
  const ended: Record<string, string> = {}

  globalThis.WebSocket = class extends WebSocket {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args)
      const opened = { socket: this, openedAtMs: Date.now(), closedAtMs: null as number | null }
      sockets.push(opened)
      this.addEventListener('close', () => (opened.closedAtMs = Date.now()))
    }
  }

  const { fetch } = globalThis
  if (isClient)
    globalThis.fetch = (input, init) => {
      const url = input instanceof Request ? input.url : String(input)
      const request: (typeof requests)[number] = { room: roomOf(url), url, askedAtMs: Date.now(), endedAtMs: null }
      requests.push(request)
      return fetch(input, init).finally(() => (request.endedAtMs = Date.now()))
    }

  return {
    use(exported) {
      connect = exported as Connect
    },
    connect(origin, rooms, after) {
      for (const room of rooms) {
        const events: Event[] = (delivered[room] ??= [])
        const listener: Listener = {
          event: (event) => void events.push(event),
          ended: (why) => (ended[room] = String(why)),
        }
        const stop = connect?.({ origin, room, ...(after !== null && { after }) }, listener)
        if (typeof stop === 'function') stops.push(stop)
      }
    },
    seen: () => ({
      sockets: sockets.map(openedOf),
      requests: requests satisfies readonly SentRequest[],
      delivered,
      ended,
    }),
    stop() {
      for (const stop of stops) stop()
      stops = []
    },
    disconnect() {
      for (const stop of stops) stop()
      // Closes sockets that a client opened after it was stopped.
      for (const { socket } of sockets) socket.close()
      sockets = []
      stops = []
    },
  }
}

function openedOf({ socket, openedAtMs, closedAtMs }: { socket: WebSocket } & Times): OpenedSocket {
  const { url, readyState } = socket
  return { room: roomOf(url), url, openedAtMs, closedAtMs, readyState }
}

const roomOf = (url: string): string => /\/feed\/([^/]+)\//.exec(url)?.[1] ?? ''

type Times = Pick<OpenedSocket, 'openedAtMs' | 'closedAtMs'>
