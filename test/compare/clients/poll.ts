/** A client that asks again and again: a short poll pauses between two requests, a long poll does not. */
import type { ClientListener, ComparedConnection } from '../adapter.ts'
import { messageOf } from '../trouble.ts'
import { createExchange } from './exchange.ts'
import { refusal } from './socket.ts'
import type { Connecting } from './socket.ts'

export interface Polling {
  /** Returns the address of the next request. `cursor` is the one in the last response; null before the first. */
  address(cursor: string | null): URL
  readonly pauseMs: number
  /** True if a response contains only messages that this client has not received before. */
  readonly hasCursor: boolean
  /** Recognises messages, to skip the ones that an endpoint without a cursor repeats. */
  match(text: string): string | null
}

/** If `start` is given, the first request already has this cursor. */
export function openPoll(
  { address, pauseMs, hasCursor, match }: Polling,
  client: ClientListener,
  start: string | null = null,
  connecting: Connecting = {},
): ComparedConnection {
  const exchange = createExchange(connecting)
  const known = new Set<string>()
  let isClosed = false
  let wasLive = false
  let pause: NodeJS.Timeout | undefined
  let latest = start
  void ask()

  return {
    close() {
      isClosed = true
      clearTimeout(pause)
      exchange.close()
    },
    usage: () => exchange.usage,
    cursor: () => (hasCursor ? latest : null),
    pause: exchange.pause,
    resume: exchange.resume,
  }

  async function ask(): Promise<void> {
    const url = address(latest)
    try {
      const { status, text, atMs } = await exchange.ask('GET', url)
      if (isClosed) return
      if (status !== 200 && status !== 204) throw new Error(`GET ${url.pathname} ${refusal(status, 200, url)}`)
      const answer = status === 204 ? { texts: [], cursor: null } : read(text)
      for (const text of answer.texts) if (hasCursor || isNew(text)) client.received(text, atMs)
      latest = answer.cursor ?? latest
      const next = (): void => void ask()
      // The first pause is random, so that the clients do not all ask at the same moment.
      if (pauseMs > 0) pause = setTimeout(next, wasLive ? pauseMs : Math.random() * pauseMs)
      else next()
      if (!wasLive) client.live()
      wasLive = true
    } catch (error) {
      if (!isClosed) client.failed(messageOf(error))
    }
  }

  function isNew(text: string): boolean {
    const id = match(text)
    if (id === null || known.has(id)) return false
    known.add(id)
    return true
  }
}

/**
 * Finds the messages in JSON: the members of the array, or of the first array in the object. A member that is no text
 * is written as JSON. The cursor is the object's member of that name.
 */
function read(json: string): { readonly texts: readonly string[]; readonly cursor: string | null } {
  const value: unknown = parsed(json)
  const members: unknown[] = typeof value === 'object' && value !== null ? Object.values(value) : []
  const list: unknown[] = Array.isArray(value) ? value : (members.find(Array.isArray) ?? [])
  const cursor: unknown = typeof value === 'object' && value !== null && 'cursor' in value ? value.cursor : null
  return {
    texts: list.map((member) => (typeof member === 'string' ? member : JSON.stringify(member))),
    cursor: cursor === null ? null : String(cursor),
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw new Error(`the response is no JSON: ${JSON.stringify(json.slice(0, 40))}`)
  }
}
