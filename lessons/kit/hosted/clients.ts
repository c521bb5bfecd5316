/** A student's client, started as often as a check likes, and every WebSocket that it opens. */
import type { Event } from '../../../server/protocol.ts'
import type { Clients, OpenedSocket } from './message.ts'

/** What a student's client is called with. */
interface Target {
  /** `ws://127.0.0.1:4213` */
  readonly origin: string
  readonly room: string
  /** Where to begin; left out, from now on. */
  readonly after?: string
}

interface Listener {
  event(event: Event): void
  /** It does not come back. */
  ended(why: string): void
}

type Connect = (target: Target, listener: Listener) => () => void

export interface WatchedClients {
  use(connect: unknown): void
  connect(origin: string, rooms: readonly string[], after: string | null): void
  seen(): Clients
  disconnect(): void
}

/** To be called before anything of the program's runs: it watches the global `WebSocket` from here on. */
export function watchClients(): WatchedClients {
  let connect: Connect | null = null
  let sockets: { readonly socket: WebSocket; readonly openedAtMs: number; closedAtMs: number | null }[] = []
  let stops: (() => void)[] = []
  let told: Record<string, Event[]> = {}
  let ended: Record<string, string> = {}

  globalThis.WebSocket = class extends WebSocket {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args)
      const opened = { socket: this, openedAtMs: Date.now(), closedAtMs: null as number | null }
      sockets.push(opened)
      this.addEventListener('close', () => (opened.closedAtMs = Date.now()))
    }
  }

  return {
    use(exported) {
      connect = exported as Connect
    },
    connect(origin, rooms, after) {
      for (const room of rooms) {
        const events: Event[] = (told[room] ??= [])
        const listener: Listener = {
          event: (event) => void events.push(event),
          ended: (why) => (ended[room] = String(why)),
        }
        const stop = connect?.({ origin, room, ...(after !== null && { after }) }, listener)
        if (typeof stop === 'function') stops.push(stop)
      }
    },
    seen: () => ({ sockets: sockets.map(openedOf), told, ended }),
    disconnect() {
      for (const stop of stops) stop()
      // Whoever has begun anew since is not of this check any more.
      for (const { socket } of sockets) socket.close()
      sockets = []
      stops = []
      told = {}
      ended = {}
    },
  }
}

function openedOf({ socket, openedAtMs, closedAtMs }: { socket: WebSocket } & Times): OpenedSocket {
  const { url, readyState } = socket
  return { room: /\/feed\/([^/]+)\//.exec(url)?.[1] ?? '', url, openedAtMs, closedAtMs, readyState }
}

type Times = Pick<OpenedSocket, 'openedAtMs' | 'closedAtMs'>
