/**
 * Pages whose lab is at another process. The lanes of a page may be at any process, so every process knows the pages of
 * all others. A process sends what it has for such a page to the process of the page, which passes it on.
 */
import type { Peers } from '../peers/peers.ts'
import { WAITING_BYTES } from './crossings.ts'
import type { LabPage } from './page.ts'
import type { Visit } from './visit.ts'

export interface RemotePages {
  /** Tells the other processes about a page of this process, until the connection of the page closes. */
  announce(visit: Pick<Visit, 'name' | 'page' | 'pageName'>): void
  /** Returns the number of pages in a room at the other processes. */
  countIn(room: string): number
}

/** A page as the other processes know it. */
interface Announced {
  readonly id: number
  readonly room: string
  readonly pageName?: string | undefined
}

/** `came` gets each page of another process that has a name. `changed` gets the name of a room whose number of pages has changed. */
export function shareLabPages(
  peers: Peers,
  { came, changed }: { came(page: LabPage, pageName: string): void; changed(room: string): void },
): RemotePages {
  const own = new Map<number, Announced & { readonly page: LabPage }>()
  const remote = new Map<string, { readonly room: string; close(): void }>()
  let announced = 0

  peers.on('lab page', (message, from) => {
    const { id, room, pageName } = message as Announced
    const key = keyOf(from, id)
    if (remote.has(key)) return
    const page = remotePage((text) => peers.tell('lab text', { id, text }, from))
    remote.set(key, { room, close: page.gone })
    if (pageName !== undefined) came(page, pageName)
    changed(room)
  })
  peers.on('lab page gone', (id, from) => remove(keyOf(from, Number(id))))
  peers.on('lab text', (message) => {
    const { id, text } = message as { readonly id: number; readonly text: string }
    const page = own.get(id)?.page
    if (page && page.readyState === page.OPEN && page.bufferedAmount < WAITING_BYTES) page.send(text)
  })
  peers.onCome((id) => {
    for (const { page: _, ...one } of own.values()) peers.tell('lab page', one, id)
  })
  peers.onGone((id) => {
    for (const key of remote.keys()) if (key.startsWith(`${id} `)) remove(key)
  })

  return {
    announce({ name: room, page, pageName }) {
      const id = (announced += 1)
      own.set(id, { id, room, pageName, page })
      peers.tell('lab page', { id, room, pageName } satisfies Announced)
      page.once('close', () => {
        own.delete(id)
        peers.tell('lab page gone', id)
      })
    },
    countIn: (room) => [...remote.values()].filter((page) => page.room === room).length,
  }

  function remove(key: string): void {
    const page = remote.get(key)
    if (!page) return
    remote.delete(key)
    page.close()
    changed(page.room)
  }
}

const keyOf = (from: string, id: number): string => `${from} ${id}`

/** Returns a page whose texts go to `send`. The function `gone` reports that the page has closed. */
function remotePage(send: (text: string) => void): LabPage & { gone(): void } {
  const closed = new Set<() => void>()
  let isOpen = true
  return {
    OPEN: 1,
    get readyState() {
      return isOpen ? 1 : 3
    },
    // The process of the page knows how many bytes wait there. If there are too many, it leaves the text out.
    bufferedAmount: 0,
    send(text, sent) {
      send(text)
      sent?.()
    },
    close: () => {},
    once: (_event, listener) => closed.add(listener),
    gone() {
      isOpen = false
      for (const listener of closed) listener()
    },
  }
}
