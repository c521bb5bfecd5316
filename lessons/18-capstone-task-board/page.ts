/** A page of the board without a view: the sandbox's own parts, and the student's part among them. The checks call it. */
import { EventSource } from 'eventsource'
import type { Board, Change } from '../../server/protocol/board.ts'
import type { BoardAnswer } from '../../server/protocol/board-answer.ts'
import type { Cursor, TransportName } from '../../server/protocol/feed.ts'
import { createOutbox } from '../../web/board/outbox.ts'
import { allow } from '../../web/board/rules.ts'
import { pause } from '../../web/transports/ask.ts'
import { createBackoff } from '../../web/transports/backoff.ts'
import { transports } from '../../web/transports/index.ts'
import type { Connection } from '../../web/transports/transport.ts'
import { openBoard } from './start/board.ts'
import type { LiveBoard, Parts } from './start/board.ts'

// Node has a WebSocket and a fetch of its own, and an EventSource only behind a flag.
Object.assign(globalThis, { EventSource })

/** State of a page: what it shows, and counts of what it has received. */
export interface Seen {
  readonly board: Board | null
  /** Ids of the events that each transport delivered to the student's part, in order. */
  readonly delivered: Readonly<Partial<Record<TransportName, readonly Cursor[]>>>
  /** Numbers of its own changes that were accepted and refused. */
  readonly accepted: number
  readonly refused: number
  /** Number of gaps that were reported to it. */
  readonly gaps: number
}

/** Resources of the student's part; readable even after the page was closed. */
export interface Held {
  /** Number of snapshots that it received. */
  readonly snapshots: number
  /** Number of calls of `follow` that have not been ended. */
  readonly followers: number
}

interface Page {
  seen(): Seen
  held: Held
  change(change: Change): void
  /** Follows with a second transport too, like a page that tries a better one. */
  beside(name: TransportName): void
  /** Reconnects all connections at once, without a pause, as a page does when it wakes up. */
  hurry(): void
  close(): void
}

let page: Page | null = null
/** A second page of the same program, at the same time. */
let secondPage: Page | null = null
let last: Held = { snapshots: 0, followers: 0 }

export function open(origin: string, room: string): void {
  page?.close()
  page = createPage(origin, room)
  last = page.held
}

export function openSecond(origin: string, room: string): void {
  secondPage = createPage(origin, room)
}

export const seenSecond = (): Seen | null => secondPage?.seen() ?? null
export const seen = (): Seen | null => page?.seen() ?? null
export const held = (): Held => last
export const change = (change: Change): void => page?.change(change)
export const beside = (name: TransportName): void => page?.beside(name)
export const hurry = (): void => page?.hurry()
export function close(): void {
  page?.close()
  page = null
  secondPage?.close()
  secondPage = null
}

const TARGET = { intervalMs: 50, waitS: 5 }

function createPage(origin: string, room: string): Page {
  const delivered: Partial<Record<TransportName, Cursor[]>> = {}
  const counts = { accepted: 0, refused: 0, gaps: 0 }
  const held = { snapshots: 0, followers: 0 }
  const answers = new Map<string, Parameters<Parts['send']>[2]>()
  const stopped = new AbortController()
  const { signal } = stopped
  /** For each follower, the function that reconnects it. */
  const comesBack = new Set<() => void>()
  let tryBeside = (_name: TransportName): void => {}
  let keys = 0

  const outbox = createOutbox(`${origin}/boards/${room}`, 'ada', {
    accepted(key, id) {
      answers.get(key)?.accepted(id)
      counts.accepted += 1
    },
    refused(key, why) {
      answers.get(key)?.refused(why)
      counts.refused += 1
    },
    trouble() {},
  })

  const live: LiveBoard = openBoard({
    async read() {
      const answer = await get<BoardAnswer>(`${origin}/boards/${room}`)
      held.snapshots += 1
      return answer
    },
    follow,
    send(key, change, answer) {
      answers.set(key, answer)
      outbox.add(key, 'Ada', change)
    },
    newKey: () => `ada-${(keys += 1)}`,
  })

  return {
    seen: () => ({ board: live.board, delivered, ...counts }),
    held,
    change(wish) {
      const { board } = live
      const answer = board && allow(board, wish)
      if (answer && 'allowed' in answer) live.change(answer.allowed)
    },
    beside: (name) => tryBeside(name),
    hurry() {
      for (const comeBack of comesBack) comeBack()
    },
    close() {
      stopped.abort()
      outbox.stop()
      live.close()
    },
  }

  function follow(...[after, listener]: Parameters<Parts['follow']>): () => void {
    const connections = new Map<TransportName, Connection>()
    let cursor = after
    let isOver = false
    held.followers += 1
    const connect = (name: TransportName): void => {
      if (isOver || signal.aborted) return
      const ids = (delivered[name] ??= [])
      const connection = transports[name].connect(
        { origin, room, after: cursor ?? '0', ...TARGET },
        {
          events(events) {
            for (const event of events) {
              cursor = event.id
              ids.push(event.id)
              listener.event(event)
            }
          },
          gap(end) {
            cursor = end
            counts.gaps += 1
            listener.gap()
          },
          state() {},
        },
      )
      connections.set(name, connection)
    }
    const comeBack = () => {
      for (const [name, connection] of connections) {
        connection.stop()
        connect(name)
      }
    }
    comesBack.add(comeBack)
    tryBeside = connect
    if (after === undefined) void begin()
    else connect('ws')
    return () => {
      if (!isOver) held.followers -= 1
      isOver = true
      comesBack.delete(comeBack)
      for (const connection of connections.values()) connection.stop()
    }

    async function begin(): Promise<void> {
      cursor = (await get<{ cursor: Cursor }>(`${origin}/feed/${room}/poll`)).cursor
      connect('ws')
    }
  }

  async function get<T>(url: string): Promise<T> {
    const backoff = createBackoff()
    for (;;) {
      // A response that is on its way when the page is closed still arrives.
      const answer = await fetch(url).catch(() => null)
      if (answer?.ok) return answer.json()
      // A closed page does not try again.
      if (signal.aborted) return new Promise(() => {})
      await pause(backoff.nextMs(), signal)
    }
  }
}
